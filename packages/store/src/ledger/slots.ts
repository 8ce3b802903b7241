import type { ChainName } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { SlotEntry, SlotRange, SlotStatus } from "../store.ts";

/** In order of how much is settled, as the type slot_status in the database has it. */
const SETTLED: readonly SlotStatus[] = ["missing", "failed", "skipped", "processed"];

/**
 * A slot never becomes less settled: a late failure does not undo what another attempt has done. Among equals
 * the newest word counts.
 */
const RECORD: Statement = {
  name: "record-slots",
  text: `INSERT INTO slots AS s (chain, slot, status, attempts, reason, block_id, settlement)
SELECT $1, n.* FROM unnest($2::bigint[], $3::slot_status[], $4::int[], $5::text[], $6::text[], $7::text[])
  AS n(slot, status, attempts, reason, block_id, settlement)
ON CONFLICT (chain, slot) DO UPDATE SET status = excluded.status,
  attempts = GREATEST(s.attempts, excluded.attempts), reason = excluded.reason, block_id = excluded.block_id,
  settlement = excluded.settlement, updated_at = now()
WHERE excluded.status >= s.status`,
};

/** What `slotEntry` reads. */
export const SLOT_COLUMNS = "slot, status::text, attempts, reason, block_id, settlement";

const UNSETTLED: Statement = {
  name: "unsettled-slots",
  text: `SELECT ${SLOT_COLUMNS} FROM slots
WHERE chain = $1 AND status < 'skipped' AND slot BETWEEN $3 AND $4 ORDER BY slot LIMIT $2`,
};

/** Writes entries of the ledger; of several for one slot the most settled, then the last, counts. */
export async function writeSlots(
  transaction: Transaction,
  chain: ChainName,
  entries: readonly SlotEntry[],
): Promise<void> {
  const bySlot = new Map<number, SlotEntry>();
  for (const entry of entries) {
    const known = bySlot.get(entry.slot);
    if (known === undefined || SETTLED.indexOf(entry.status) >= SETTLED.indexOf(known.status)) {
      bySlot.set(entry.slot, entry);
    }
  }
  const rows = [...bySlot.values()].sort((a, b) => a.slot - b.slot);
  if (rows.length === 0) return;
  await transaction.query(RECORD, [
    chain,
    numberArray(rows.map(({ slot }) => slot)),
    textArray(rows.map(({ status }) => status)),
    numberArray(rows.map(({ attempts }) => attempts)),
    textArray(rows.map(({ reason }) => reason)),
    textArray(rows.map(({ blockId }) => blockId)),
    textArray(rows.map(({ settlement = null }) => settlement)),
  ]);
}

export interface SlotRow {
  readonly slot: string;
  readonly status: SlotStatus;
  readonly attempts: number;
  readonly reason: string | null;
  readonly block_id: string | null;
  readonly settlement: string | null;
}

export function slotEntry(row: SlotRow): SlotEntry {
  return {
    slot: Number(row.slot),
    status: row.status,
    attempts: row.attempts,
    reason: row.reason,
    blockId: row.block_id,
    settlement: row.settlement,
  };
}

/** Slots that failed or are missing, lowest first. */
export async function readUnsettled(
  transaction: Transaction,
  chain: ChainName,
  limit: number,
  { from, to }: SlotRange = { from: 0, to: Number.MAX_SAFE_INTEGER },
): Promise<SlotEntry[]> {
  return (await transaction.query<SlotRow>(UNSETTLED, [chain, limit, from, to])).map(slotEntry);
}
