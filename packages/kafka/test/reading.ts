import { type ConsumedRecord, type KafkaConnection, startReader } from "../src/index.ts";

/** Reads a topic from its first record until `count` records are there. */
export async function readAll(
  connection: KafkaConnection,
  topic: string,
  count: number,
): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const reader = await startReader(connection, {
    topics: [topic],
    from: "first",
    onRecords(more) {
      records.push(...more);
      if (records.length >= count) resolve();
    },
  });
  await Promise.race([promise, reader.done]);
  await reader.stop(1_000);
  return records;
}

/** The values of each key in the order in which they were read. */
export function valuesByKey(records: readonly ConsumedRecord[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const record of records) {
    const key = String(record.key);
    values.set(key, [...(values.get(key) ?? []), String(record.value)]);
  }
  return values;
}
