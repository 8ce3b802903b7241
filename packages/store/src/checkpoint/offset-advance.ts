import { partitionName } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { Statement, Transaction } from "../database.ts";
import type { OffsetAdvance } from "../store.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { compareTexts } from "./trade-batch.ts";

/** Compare and swap: a row that is not as expected is not returned. A new row is expected not to exist. */
const ADVANCE: Statement = {
  name: "advance-offsets",
  text: `WITH wanted AS (
  SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) AS w(topic, partition, expected, next)
), moved AS (
  UPDATE consumer_offsets o SET next_offset = w.next, updated_at = now()
  FROM wanted w
  WHERE o.consumer_group = $1 AND o.topic = w.topic AND o.partition = w.partition AND o.next_offset = w.expected
  RETURNING o.topic, o.partition
), made AS (
  INSERT INTO consumer_offsets (consumer_group, topic, partition, next_offset)
  SELECT $1, w.topic, w.partition, w.next FROM wanted w WHERE w.expected IS NULL
  ON CONFLICT DO NOTHING
  RETURNING topic, partition
)
SELECT topic, partition FROM moved UNION ALL SELECT topic, partition FROM made`,
};

/** Moves offsets, all or none: rejects with FENCED where one is not what the caller believes. */
export async function advanceOffsets(
  transaction: Transaction,
  group: string,
  offsets: readonly OffsetAdvance[],
): Promise<void> {
  if (offsets.length === 0) return;
  const rows = sortedOffsets(offsets);
  const moved = await transaction.query<{ topic: string; partition: number }>(ADVANCE, [
    group,
    textArray(rows.map(({ topic }) => topic)),
    numberArray(rows.map(({ partition }) => partition)),
    numberArray(rows.map(({ expected }) => expected)),
    numberArray(rows.map(({ next }) => next)),
  ]);
  if (moved.length === rows.length) return;
  const done = new Set(moved.map(partitionName));
  const fenced = rows.filter((row) => !done.has(partitionName(row))).map(partitionName);
  throw new CandlewickError(
    ERRORS.fenced,
    `another owner has moved the stored offset of ${fenced.join(", ")} (group ${group})`,
    "read the offsets anew and go on from there",
  );
}

/** By partition, each once. Throws BUG for offsets that cannot be meant. */
export function sortedOffsets(offsets: readonly OffsetAdvance[]): OffsetAdvance[] {
  const names = new Set(offsets.map(partitionName));
  if (names.size !== offsets.length) throw bug("a checkpoint names a partition twice");
  for (const offset of offsets) {
    if (offset.next < (offset.expected ?? 0n)) {
      throw bug(`a checkpoint moves ${partitionName(offset)} back from ${offset.expected} to ${offset.next}`);
    }
  }
  return [...offsets].sort((a, b) => compareTexts(a.topic, b.topic) || a.partition - b.partition);
}

function bug(what: string): CandlewickError {
  return new CandlewickError(ERRORS.bug, what, "report it with the log");
}
