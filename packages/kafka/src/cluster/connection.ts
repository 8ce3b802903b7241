import { CandlewickError, type Clock, createLogger, ERRORS, type Logger } from "@candlewick/runtime";
import type { SaslCredentials } from "../security/sasl-credentials.ts";
import type { TlsSettings } from "../security/tls.ts";

/** How to reach a Kafka cluster; one for all clients of a process. */
export interface KafkaConnection {
  /** Addresses to start from, "host:port"; the cluster tells the others. */
  readonly brokers: readonly string[];
  /** What brokers call this client in logs and quotas; "candlewick" by default. */
  readonly clientId?: string;
  /** Where clients tell what happens; warnings and errors go to standard error by default. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Numbers in [0, 1) for jitter. */
  readonly random?: () => number;
  /** Encrypts the connections; the server's certificate and name are always checked. */
  readonly tls?: TlsSettings;
  readonly sasl?: SaslCredentials;
}

/** A connection with what was left out. */
export type NamedConnection = KafkaConnection & Required<Pick<KafkaConnection, "clientId" | "logger">>;

let warnings: Logger | undefined;

/** Fills in what was left out. Throws a usage error where no brokers are named. */
export function namedConnection(connection: KafkaConnection): NamedConnection {
  const { brokers } = connection;
  if (!Array.isArray(brokers) || brokers.length === 0) {
    const advice = 'Write a list of addresses, such as ["127.0.0.1:9092"].';
    throw new CandlewickError(ERRORS.usage, "A connection to Kafka names no list of brokers.", advice);
  }
  const { clientId = "candlewick", logger } = connection;
  if (logger !== undefined) return { ...connection, clientId, logger };
  warnings ??= createLogger({ level: "warn", format: "auto" });
  return { ...connection, clientId, logger: warnings };
}
