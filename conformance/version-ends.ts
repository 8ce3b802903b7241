import type { Api } from "../packages/broker/src/protocol/schema.ts";

/**
 * Where the embedded broker serves older versions than Apache Kafka 4, by API key: there the comparison begins
 * at Kafka's oldest. Kafka advertises Produce from version 0 on, for the sake of librdkafka, and refuses what
 * comes before 3.
 */
export const OLDEST_IN_KAFKA: Readonly<Record<number, number>> = { 0: 3, 19: 2, 20: 1 };

/** The oldest and the newest version that both brokers serve; one number where they are the same. */
export function versionEnds(api: Api): number[] {
  const oldest = Math.max(api.minVersion, OLDEST_IN_KAFKA[api.key] ?? 0);
  return [...new Set([oldest, api.maxVersion])];
}
