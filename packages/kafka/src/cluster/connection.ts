import type { Clock, Logger } from "@candlewick/runtime";
import type { SaslCredentials } from "../security/sasl-credentials.ts";
import type { TlsSettings } from "../security/tls.ts";

/** How to reach a Kafka cluster; one for all clients of a process. */
export interface KafkaConnection {
  /** Addresses to start from, "host:port"; the cluster tells the others. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Numbers in [0, 1) for jitter. */
  readonly random?: () => number;
  /** Encrypts the connections; the server's certificate and name are always checked. */
  readonly tls?: TlsSettings;
  readonly sasl?: SaslCredentials;
}
