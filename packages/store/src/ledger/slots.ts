import type { ChainName } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { ReopenedSlot, RetryPage, SlotEntry, SlotRange, SlotStatus } from "../store.ts";

/** In order of how much is settled, as the type slot_status in the database has it. */
const SETTLED: readonly SlotStatus[] = ["missing", "failed", "skipped", "processed"];

/**
 * A slot never becomes less settled: a late failure does not undo what another attempt has done. Among equals
 * the newest word counts.
 */
const RECORD: Statement = {
  name: "record-slots",
  text: `INSERT INTO slots AS s (chain, slot, status, attempts, reason, block_id)
SELECT $1, n.* FROM unnest($2::bigint[], $3::slot_status[], $4::int[], $5::text[], $6::text[])
  AS n(slot, status, attempts, reason, block_id)
ON CONFLICT (chain, slot) DO UPDATE SET status = excluded.status,
  attempts = GREATEST(s.attempts, excluded.attempts), reason = excluded.reason, block_id = excluded.block_id,
  updated_at = now()
WHERE excluded.status >= s.status`,
};

/** What `slotEntry` reads. */
const SLOT_COLUMNS = "slot, status::text, attempts, reason, block_id";

const UNSETTLED: Statement = {
  name: "unsettled-slots",
  text: `SELECT ${SLOT_COLUMNS} FROM slots
WHERE chain = $1 AND status < 'skipped' AND slot BETWEEN $3 AND $4 ORDER BY slot LIMIT $2`,
};

/** What was asked for by a person, maybe millions, must not keep what the chain's head left open from its turn. */
export const TO_RETRY: Statement = {
  name: "slots-to-retry",
  text: `SELECT ${SLOT_COLUMNS} FROM slots WHERE chain = $1 AND status < 'skipped'
ORDER BY block_id IS NULL, reason IS NOT DISTINCT FROM $2, slot LIMIT $3 OFFSET $4`,
};

const COUNT_UNSETTLED: Statement = {
  name: "count-unsettled-slots",
  text: "SELECT count(*)::text AS count FROM slots WHERE chain = $1 AND status < 'skipped'",
};

const RANGE: Statement = {
  name: "slot-range",
  text: `SELECT ${SLOT_COLUMNS} FROM slots WHERE chain = $1 AND slot BETWEEN $2 AND $3 ORDER BY slot LIMIT $4`,
};

/** The one way in which a slot becomes less settled: where the ledger holds the very block that is in doubt. */
const REOPEN: Statement = {
  name: "reopen-slots",
  text: `UPDATE slots AS s SET status = 'missing', attempts = 0, reason = n.reason, updated_at = now()
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS n(slot, block_id, reason)
WHERE s.chain = $1 AND s.slot = n.slot AND s.status >= 'skipped' AND s.block_id IS NOT DISTINCT FROM n.block_id`,
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
  ]);
}

interface SlotRow {
  readonly slot: string;
  readonly status: SlotStatus;
  readonly attempts: number;
  readonly reason: string | null;
  readonly block_id: string | null;
}

function slotEntry(row: SlotRow): SlotEntry {
  return {
    slot: Number(row.slot),
    status: row.status,
    attempts: row.attempts,
    reason: row.reason,
    blockId: row.block_id,
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

/** Slots that failed or are missing, in the order in which they are to be tried. */
export async function readToRetry(
  transaction: Transaction,
  chain: ChainName,
  { skip, limit, lastReason }: RetryPage,
): Promise<SlotEntry[]> {
  return (await transaction.query<SlotRow>(TO_RETRY, [chain, lastReason, limit, skip])).map(slotEntry);
}

export async function countUnsettled(transaction: Transaction, chain: ChainName): Promise<number> {
  const [row] = await transaction.query<{ count: string }>(COUNT_UNSETTLED, [chain]);
  return Number(row?.count ?? 0);
}

export async function readSlots(
  transaction: Transaction,
  chain: ChainName,
  { from, to }: SlotRange,
  limit: number,
): Promise<SlotEntry[]> {
  return (await transaction.query<SlotRow>(RANGE, [chain, from, to, limit])).map(slotEntry);
}

/** Makes settled slots missing again. */
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
