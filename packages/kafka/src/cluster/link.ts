import { isIP } from "node:net";
import { CandlewickError } from "@candlewick/runtime";
import { Connection, type ConnectionOptions } from "@platformatic/kafka";
import { mechanismRefused, saslOptions, TokenRefused } from "../security/sasl-exchange.ts";
import { tlsFailure } from "../security/tls.ts";
import type { KafkaConnection, NamedConnection } from "./connection.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** What is asked of a connection that is to be opened. */
export interface LinkRequest {
  readonly requestTimeoutMs: number;
  /** The connection is of no more use. */
  onGone(): void;
  /** How long the broker lets it live, in milliseconds. */
  onSession(lifetimeMs: number): void;
}

/**
 * Opens a connection, with TLS and authentication as configured. A token that the broker refuses is replaced
 * once where its source has another. Throws KAFKA_TLS_FAILED and KAFKA_AUTHENTICATION_FAILED, else the
 * driver's error.
 */
export async function openLink(
  connection: NamedConnection,
  address: Address,
  request: LinkRequest,
): Promise<Connection> {
  try {
    return await attempt(connection, address, request).catch((error: unknown) => {
      if (error instanceof TokenRefused && error.mayRenew) return attempt(connection, address, request);
      throw error;
    });
  } catch (error) {
    request.onGone();
    throw error;
  }
}

async function attempt(
  connection: NamedConnection,
  address: Address,
  request: LinkRequest,
): Promise<Connection> {
  const name = `${address.host}:${address.port}`;
  const link = new Connection(connection.clientId, linkOptions(connection, address, request));
  let open = false;
  // Requests that are under way are rejected by the driver without the reason, which comes here.
  link.on("error", (error) => {
    TROUBLES.set(link, { error, name });
    if (open) request.onGone();
  });
  link.on("close", () => {
    if (open) request.onGone();
  });
  try {
    await link.connect(address.host, address.port);
    open = true;
    return link;
  } catch (error) {
    throw explain(error, name, connection);
  }
}

/** What broke a connection, for the requests that were on it. */
const TROUBLES = new WeakMap<Connection, { readonly error: Error; readonly name: string }>();

/** The reason why requests on this connection failed, where it is one that a person can mend. */
export function troubleOf(link: Connection, error: unknown): CandlewickError | null {
  const trouble = TROUBLES.get(link);
  return (
    tlsFailure(error, `${link.host}:${link.port}`) ??
    (trouble && tlsFailure(trouble.error, trouble.name)) ??
    null
  );
}

function explain(error: unknown, name: string, { sasl }: KafkaConnection): unknown {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 10;
    current = current.cause, depth++
  ) {
    if (current instanceof CandlewickError) return current;
  }
  const mechanism = sasl === undefined ? null : mechanismRefused(error, sasl.mechanism, name);
  return mechanism ?? tlsFailure(error, name) ?? error;
}

function linkOptions(
  { tls, sasl }: KafkaConnection,
  { host, port }: Address,
  { requestTimeoutMs, onSession }: LinkRequest,
): ConnectionOptions {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    maxInflights: 8,
    ...(tls === undefined
      ? {}
      : {
          tls: { ...tls, rejectUnauthorized: true },
          // An address has no server name (RFC 6066); it is checked against the certificate all the same.
          ...(isIP(host) === 0 ? { tlsServerName: true } : {}),
        }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl, `${host}:${port}`, onSession) }),
  };
}
