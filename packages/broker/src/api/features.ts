/** A feature level as Apache Kafka counts them: a cluster raises it once all its brokers can. */
export interface Feature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The level that holds; 0 stands for none, and is not told. */
  readonly level: number;
}

/**
 * What this broker does of Kafka's features: KIP-848 groups, and transactions that each end an epoch (KIP-890).
 * The level of the metadata is that of Apache Kafka 4.3, for tools that ask for it; nothing here depends on it.
 */
export const FEATURES: readonly Feature[] = [
  { name: "group.version", minVersion: 0, maxVersion: 1, level: 1 },
  { name: "kraft.version", minVersion: 0, maxVersion: 0, level: 0 },
  { name: "metadata.version", minVersion: 7, maxVersion: 30, level: 30 },
  { name: "transaction.version", minVersion: 0, maxVersion: 2, level: 2 },
];
