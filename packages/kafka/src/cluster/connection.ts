import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { Clock, Logger } from "@candlewick/runtime";

/** How a client proves who it is. */
export interface SaslCredentials {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
  readonly username: string;
  readonly password: string;
}

/** How to reach a Kafka cluster; one for all clients of a process. */
export interface KafkaConnection {
  /** Addresses to start from, "host:port"; the cluster tells the others. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Numbers in [0, 1) for jitter. */
  readonly random?: () => number;
  readonly tls?: TlsOptions;
  readonly sasl?: SaslCredentials;
}
