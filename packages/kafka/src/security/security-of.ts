import { readFileSync } from "node:fs";
import {
  CandlewickError,
  type Clock,
  ERRORS,
  type KafkaSecurityConfig,
  type SchemaRegistryConfig,
  systemClock,
} from "@candlewick/runtime";
import type { KafkaConnection } from "../cluster/connection.ts";
import { rootMessage } from "../cluster/errors.ts";
import { type SchemaRegistry, schemaRegistry } from "../codec/schema-registry.ts";
import { clientCredentialsToken } from "./client-credentials.ts";
import { googleToken } from "./google-token.ts";
import type { SaslCredentials } from "./sasl-credentials.ts";
import type { TlsSettings } from "./tls.ts";
import { staticToken, type TokenSource } from "./token-source.ts";

const SECTION = "kafka.security";

type SaslConfig = NonNullable<KafkaSecurityConfig["sasl"]>;

/**
 * TLS and credentials of a connection as the section `kafka.security` describes them. Files are read here.
 * Throws CONFIGURATION for what is missing, does not fit together or cannot be read.
 */
export function securityOf(
  config: KafkaSecurityConfig,
  clock: Clock = systemClock,
): Pick<KafkaConnection, "tls" | "sasl"> {
  const tls = tlsOf(config);
  const sasl = saslOf(config, clock);
  return { ...(tls === null ? {} : { tls }), ...(sasl === null ? {} : { sasl }) };
}

/** The registry that the key `kafka.schemaRegistry` describes. */
export function schemaRegistryOf(config: SchemaRegistryConfig): SchemaRegistry {
  const { url, username } = config;
  const password = secretOf("password", config.password, config.passwordFile, "kafka.schemaRegistry");
  if ((username === null) !== (password === null)) {
    throw problem("username", "and password go together", undefined, "kafka.schemaRegistry");
  }
  const credentials = username === null || password === null ? {} : { credentials: { username, password } };
  return schemaRegistry({ url, ...credentials });
}

function tlsOf(config: KafkaSecurityConfig): TlsSettings | null {
  const { caFile, certFile, keyFile } = config;
  const wanted = config.tls ?? (config.profile !== "none" || caFile !== null || certFile !== null);
  if (!wanted) {
    if (config.profile !== "none") throw problem("tls", `is off, but the profile ${config.profile} needs it`);
    return null;
  }
  if ((certFile === null) !== (keyFile === null)) {
    throw problem(
      certFile === null ? "certFile" : "keyFile",
      "is missing: a certificate and its key go together",
    );
  }
  const passphrase = secretOf("keyPassword", config.keyPassword, config.keyPasswordFile);
  return {
    ...(caFile === null ? {} : { ca: pem("caFile", caFile, "CERTIFICATE") }),
    ...(certFile === null ? {} : { cert: pem("certFile", certFile, "CERTIFICATE") }),
    ...(keyFile === null ? {} : { key: pem("keyFile", keyFile, "PRIVATE KEY") }),
    ...(passphrase === null ? {} : { passphrase }),
  };
}

function saslOf(config: KafkaSecurityConfig, clock: Clock): SaslCredentials | null {
  const { sasl, profile } = config;
  if (sasl === null) {
    if (profile === "google-cloud") return { mechanism: "OAUTHBEARER", token: googleToken(undefined, clock) };
    if (profile === "confluent-cloud") {
      throw problem(
        "sasl",
        "is missing: Confluent Cloud wants mechanism PLAIN, an API key as username and its secret as password",
      );
    }
    return null;
  }
  const { mechanism } = sasl;
  if (mechanism === "OAUTHBEARER")
    return { mechanism, token: tokenOf(sasl, clock), extensions: sasl.extensions };
  const password = secretOf("sasl.password", sasl.password, sasl.passwordFile);
  return {
    mechanism,
    username: required("sasl.username", sasl.username, mechanism),
    password: required("sasl.password", password, mechanism),
  };
}

function tokenOf(sasl: SaslConfig, clock: Clock): TokenSource {
  switch (sasl.tokenSource) {
    case "token":
      if (sasl.tokenFile !== null) return fileToken(sasl.tokenFile);
      return staticToken(required("sasl.token", sasl.token, "OAUTHBEARER"));
    case "client-credentials": {
      const secret = secretOf("sasl.clientSecret", sasl.clientSecret, sasl.clientSecretFile);
      return clientCredentialsToken({
        tokenUrl: required("sasl.tokenUrl", sasl.tokenUrl, sasl.tokenSource),
        clientId: required("sasl.clientId", sasl.clientId, sasl.tokenSource),
        clientSecret: required("sasl.clientSecret", secret, sasl.tokenSource),
        ...(sasl.scope === null ? {} : { scope: sasl.scope }),
        clock,
      });
    }
    case "google":
      return googleToken(undefined, clock);
  }
}

/** A token that somebody else renews in a file, as Kubernetes does. */
function fileToken(file: string): TokenSource {
  return {
    name: `file ${file}`,
    token: async () => read("sasl.tokenFile", file).trim(),
    refused: () => false,
  };
}

function secretOf(key: string, value: string | null, file: string | null, section = SECTION): string | null {
  if (value !== null && file !== null) {
    throw problem(key, `and ${key}File are both set; one of them is enough`, undefined, section);
  }
  // Editors end a file with a line break that belongs to no secret.
  return file === null ? value : read(`${key}File`, file, section).replace(/\r?\n$/, "");
}

function required(key: string, value: string | null, by: string): string {
  if (value === null || value === "") throw problem(key, `is missing: ${by} needs it`);
  return value;
}

/** TLS takes a file of anything else for an empty one, and then trusts nobody, whatever the certificate. */
function pem(key: string, file: string, kind: "CERTIFICATE" | "PRIVATE KEY"): string {
  const text = read(key, file);
  if (new RegExp(`^-----BEGIN [A-Z0-9 ]*${kind}-----`, "m").test(text)) return text;
  throw problem(key, `names a file without a ${kind.toLowerCase()} in it: PEM text is wanted`);
}

function read(key: string, file: string, section = SECTION): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw problem(key, `names a file that cannot be read (${rootMessage(cause)})`, cause, section);
  }
}

function problem(key: string, what: string, cause?: unknown, section = SECTION): CandlewickError {
  return new CandlewickError(
    ERRORS.configuration,
    `${section}.${key} ${what}.`,
    "See the section kafka in docs/configuration.md, and docs/delivery.md for examples.",
    { cause },
  );
}
