import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";

interface OffsetRow extends TopicPartition {
  readonly next_offset: string;
}

const SOME: Statement = {
  name: "offsets",
  text: `SELECT o.topic, o.partition, o.next_offset FROM consumer_offsets o
JOIN unnest($2::text[], $3::int[]) AS w(topic, partition) ON w.topic = o.topic AND w.partition = o.partition
WHERE o.consumer_group = $1`,
};

const OF_GROUP: Statement = {
  name: "group-offsets",
  text: `SELECT topic, partition, next_offset FROM consumer_offsets WHERE consumer_group = $1
ORDER BY topic, partition`,
};

/** The stored next offsets of some partitions. */
export async function readOffsets(
  transaction: Transaction,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await transaction.query<OffsetRow>(SOME, [
    group,
    textArray(partitions.map(({ topic }) => topic)),
    numberArray(partitions.map(({ partition }) => partition)),
  ]);
  return offsetMap(rows);
}

/** All stored next offsets of a group. */
export async function readGroupOffsets(
  transaction: Transaction,
  group: string,
): Promise<ReadonlyMap<string, bigint>> {
  return offsetMap(await transaction.query<OffsetRow>(OF_GROUP, [group]));
}

function offsetMap(rows: readonly OffsetRow[]): ReadonlyMap<string, bigint> {
  return new Map(rows.map((row) => [partitionName(row), BigInt(row.next_offset)]));
}
