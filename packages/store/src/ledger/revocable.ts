import type { ChainName } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { ReopenedSlot, SlotEntry } from "../store.ts";
import { SLOT_COLUMNS, type SlotRow, slotEntry } from "./slots.ts";

/** The one way in which a slot becomes less settled: where the ledger holds the very block that is in doubt. */
const REOPEN: Statement = {
  name: "reopen-slots",
  text: `UPDATE slots AS s SET status = 'missing', attempts = 0, reason = n.reason, updated_at = now()
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS n(slot, block_id, reason)
WHERE s.chain = $1 AND s.slot = n.slot AND s.status >= 'skipped' AND s.block_id IS NOT DISTINCT FROM n.block_id`,
};

const REVOCABLE: Statement = {
  name: "revocable-slots",
  text: `SELECT ${SLOT_COLUMNS} FROM slots WHERE chain = $1 AND slot > $2 AND slot <= $3
UNION ALL
SELECT ${SLOT_COLUMNS} FROM slots WHERE chain = $1 AND slot <= $2 AND settlement IS NOT NULL AND status = 'processed'
ORDER BY 1 LIMIT $4`,
};

const FINALIZE: Statement = {
  name: "finalize-slots",
  text: `UPDATE slots SET settlement = NULL
WHERE chain = $1 AND slot = ANY ($2::bigint[]) AND settlement IS NOT NULL AND status = 'processed'`,
};

/** Makes settled slots missing again. What their blocks were published with stays, so that it can be taken back. */
export async function reopenSlots(
  transaction: Transaction,
  chain: ChainName,
  slots: readonly ReopenedSlot[],
): Promise<void> {
  if (slots.length === 0) return;
  await transaction.query(REOPEN, [
    chain,
    numberArray(slots.map(({ slot }) => slot)),
    textArray(slots.map(({ blockId }) => blockId)),
    textArray(slots.map(({ reason }) => reason)),
  ]);
}

/** All entries after `after` up to `through`, and of those before only published blocks that are not final. */
export async function readRevocable(
  transaction: Transaction,
  chain: ChainName,
  after: number,
  through: number,
  limit: number,
): Promise<SlotEntry[]> {
  return (await transaction.query<SlotRow>(REVOCABLE, [chain, after, through, limit])).map(slotEntry);
}

export async function finalizeSlots(
  transaction: Transaction,
  chain: ChainName,
  slots: readonly number[],
): Promise<void> {
  if (slots.length > 0) await transaction.query(FINALIZE, [chain, numberArray(slots)]);
}
