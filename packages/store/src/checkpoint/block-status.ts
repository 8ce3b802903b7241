import type { BlockRecord, ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { textArray } from "./array-literal.ts";

/**
 * What is known of a block, lowest first; a block's status is the highest of all its records, in whatever
 * order they come. `orphaned` is above `confirmed`: once a block was seen off the chain, a processed or
 * confirmed record of it, late or repeated, does not bring it back. `finalized` is above `orphaned`: a fork can
 * come back before it is final, and only finality says so for good. A chain does not orphan what it has
 * finalized, so an orphaned record after that is a contradiction, which is counted and changes nothing.
 * Because this is a maximum, neither order nor repetition of records can change what it comes to.
 */
const RANKS = ["seen", "processed", "confirmed", "orphaned", "finalized"] as const;
export type StoredBlockStatus = (typeof RANKS)[number];

const STATUSES: Statement = {
  name: "block-statuses",
  text: "SELECT block_id, status::text FROM blocks WHERE chain = $1 AND block_id = ANY ($2::text[])",
};

/** The stored status of blocks; those that are not stored are absent. */
export async function blockStatuses(
  transaction: Transaction,
  chain: ChainName,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredBlockStatus>> {
  if (ids.length === 0) return new Map();
  const rows = await transaction.query<{ block_id: string; status: StoredBlockStatus }>(STATUSES, [
    chain,
    textArray(ids),
  ]);
  return new Map(rows.map((row) => [row.block_id, row.status]));
}

/** Whether a batch's records change which trades count, given the stored statuses of their blocks. */
export function changesCanonicalState(
  blocks: readonly BlockRecord[],
  statuses: ReadonlyMap<string, StoredBlockStatus>,
): boolean {
  return blocks.some(({ id, status }) => {
    const stored = id === null ? undefined : statuses.get(id);
    if (status === "orphaned") return stored !== "orphaned" && stored !== "finalized";
    return status === "finalized" && stored === "orphaned";
  });
}

/** Greater is known for surer. */
export function rank(status: StoredBlockStatus): number {
  return RANKS.indexOf(status);
}

/** Whether the trades of such a block count in candles. */
export function counts(status: StoredBlockStatus): boolean {
  return status !== "orphaned";
}
