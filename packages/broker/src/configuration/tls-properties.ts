import { readFileSync } from "node:fs";
import { BrokerError } from "../broker-error.ts";
import type { TlsOptions } from "../options.ts";

const NAMES: readonly string[] = [
  "ssl.keystore.type",
  "ssl.keystore.location",
  "ssl.keystore.password",
  "ssl.keystore.certificate.chain",
  "ssl.keystore.key",
  "ssl.key.password",
  "ssl.truststore.type",
  "ssl.truststore.location",
  "ssl.truststore.certificates",
  "ssl.client.auth",
];

const CLIENT_AUTH = ["none", "requested", "required"] as const;

const PREFIX = "listener.name.";

/** Whether a setting is about TLS: of all listeners, or, with its name before it in small letters, of one of them. */
export function isTlsName(name: string, listeners: readonly string[]): boolean {
  const bare = listeners.map((listener) => name.replace(`${PREFIX}${listener.toLowerCase()}.`, ""));
  return [name, ...bare].some((one) => NAMES.includes(one));
}

/**
 * The certificate of the broker and of those who sign clients' ones: PEM or PKCS12, which Node can read. What is set
 * for the listener counts before what is set for all.
 */
export function tlsOptions(settings: ReadonlyMap<string, string>, listener?: string): TlsOptions | undefined {
  const own = `${PREFIX}${listener?.toLowerCase()}.`;
  const given = new Map(settings);
  for (const [name, value] of settings) if (name.startsWith(own)) given.set(name.slice(own.length), value);
  if (!NAMES.some((name) => given.has(name))) return undefined;
  const asked = given.get("ssl.client.auth")?.trim().toLowerCase() ?? "none";
  const clientAuth = CLIENT_AUTH.find((known) => known === asked);
  if (clientAuth === undefined) {
    throw invalid(`ssl.client.auth cannot be "${asked}"; choose one of ${CLIENT_AUTH.join(", ")}.`);
  }
  const passphrase = given.get("ssl.key.password") ?? given.get("ssl.keystore.password");
  const ca = trusted(given);
  return {
    ...keyStore(given),
    clientAuth,
    ...(ca === undefined ? {} : { ca }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function keyStore(given: ReadonlyMap<string, string>) {
  const chain = given.get("ssl.keystore.certificate.chain");
  const key = given.get("ssl.keystore.key");
  if (chain !== undefined && key !== undefined) return { cert: chain, key };
  const location = given.get("ssl.keystore.location");
  if (location === undefined) {
    throw invalid(
      "ssl.keystore.location is missing; name a PEM or PKCS12 file with the broker's certificate and key.",
    );
  }
  const type = typeOf(given, "ssl.keystore.type");
  const content = read("ssl.keystore.location", location);
  switch (type) {
    case "PEM":
      return { cert: content, key: content };
    case "PKCS12":
      return { pfx: content };
  }
}

function trusted(given: ReadonlyMap<string, string>): string | Buffer | undefined {
  const inline = given.get("ssl.truststore.certificates");
  const location = given.get("ssl.truststore.location");
  if (inline !== undefined || location === undefined) return inline;
  if (typeOf(given, "ssl.truststore.type") === "PKCS12") {
    throw invalid("ssl.truststore.type must be PEM; write the certificates into a PEM file.");
  }
  return read("ssl.truststore.location", location);
}

function typeOf(given: ReadonlyMap<string, string>, name: string): "PEM" | "PKCS12" {
  const type = given.get(name)?.trim().toUpperCase() ?? "JKS";
  if (type === "PEM" || type === "PKCS12") return type;
  throw invalid(
    `${name} is ${type}, which only Java can read; convert the store to PKCS12 or PEM and say so.`,
  );
}

function read(name: string, location: string): Buffer {
  try {
    return readFileSync(location);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError("OPTION_INVALID", `${name}: ${reason}; name a file that is there.`, error);
  }
}

function invalid(message: string): BrokerError {
  return new BrokerError("OPTION_INVALID", message);
}
