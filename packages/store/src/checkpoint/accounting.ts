import type { Statement, Transaction } from "../database.ts";
import type { Checkpoint } from "../store.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { sortedOffsets } from "./offset-advance.ts";
import { compareTexts } from "./trade-batch.ts";

const ADD: Statement = {
  name: "add-accounting",
  text: `INSERT INTO accounting AS a (consumer_group, topic, partition, kind, count)
SELECT $1, $2, $3, n.kind, n.count FROM unnest($4::text[], $5::bigint[]) AS n(kind, count)
ON CONFLICT (consumer_group, topic, partition, kind) DO UPDATE SET count = a.count + excluded.count`,
};

/** Counters by kind: `applied`, `skipped:<reason>`, `block:<status>`. */
export type Tally = Map<string, number>;

/** Adds to a tally; nothing is written for zero. */
export function count(tally: Tally, kind: string, by: number): void {
  if (by !== 0) tally.set(kind, (tally.get(kind) ?? 0) + by);
}

/**
 * Adds a checkpoint's tally to the stored one. It goes to the first partition of the batch, whose offset this
 * transaction holds, so that no other writer waits for the row.
 */
export async function addAccounting(
  transaction: Transaction,
  batch: Checkpoint,
  tally: Tally,
): Promise<void> {
  if (tally.size === 0) return;
  const kinds = [...tally].sort(([a], [b]) => compareTexts(a, b));
  const place = sortedOffsets(batch.offsets)[0] ?? { topic: "", partition: -1 };
  await transaction.query(ADD, [
    batch.group,
    place.topic,
    place.partition,
    textArray(kinds.map(([kind]) => kind)),
    numberArray(kinds.map(([, by]) => by)),
  ]);
}

/** What a batch received, and what of it gave nothing to store. */
export function countReceived(tally: Tally, batch: Checkpoint): void {
  let received = batch.trades.length;
  for (const kind of ["skipped", "rejected"] as const) {
    for (const [reason, by] of Object.entries(batch.counts?.[kind] ?? {})) {
      count(tally, `${kind}:${reason}`, by);
      received += by;
    }
  }
  count(tally, "received", received);
}
