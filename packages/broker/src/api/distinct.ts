/** Of what is asked for several times under the same key, the last request, which is the one that counts in Apache Kafka. */
export function lastOfEach<T>(all: readonly T[], keyOf: (one: T) => unknown): T[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}
