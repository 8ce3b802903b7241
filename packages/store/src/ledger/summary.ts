import type { ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import type { LedgerSummary, SlotRange, SlotStatus } from "../store.ts";

const COUNTS: Statement = {
  name: "ledger-counts",
  text: `SELECT status::text, count(*)::text AS count, min(slot)::text AS first, max(slot)::text AS last
FROM slots WHERE chain = $1 GROUP BY status`,
};

const OPEN: Statement = {
  name: "open-publications",
  text: "SELECT count(*)::int AS open FROM publications WHERE chain = $1",
};

const GAPS: Statement = {
  name: "ledger-gaps",
  text: `SELECT (slot + 1)::text AS first, (next - 1)::text AS last
FROM (SELECT slot, lead(slot) OVER (ORDER BY slot) AS next FROM slots WHERE chain = $1) AS s
WHERE next > slot + 1 ORDER BY slot LIMIT $2`,
};

const NOTE_MISSING: Statement = {
  name: "note-missing-slots",
  text: `WITH noted AS (
  INSERT INTO slots (chain, slot, status, attempts, reason)
  SELECT $1, n.slot, 'missing', 0, $4 FROM generate_series($2::bigint, $3::bigint) AS n(slot)
  ON CONFLICT DO NOTHING RETURNING 1
) SELECT count(*)::int AS noted FROM noted`,
};

/** What the ledger holds of a chain. Counts every row. */
export async function readSummary(transaction: Transaction, chain: ChainName): Promise<LedgerSummary> {
  const rows = await transaction.query<{
    status: SlotStatus;
    count: string;
    first: string;
    last: string;
  }>(COUNTS, [chain]);
  const [publications] = await transaction.query<{ open: number }>(OPEN, [chain]);
  const slots = { missing: 0, failed: 0, skipped: 0, processed: 0 };
  for (const { status, count } of rows) slots[status] = Number(count);
  const known = slots.missing + slots.failed + slots.skipped + slots.processed;
  const from = Math.min(...rows.map(({ first }) => Number(first)));
  const to = Math.max(...rows.map(({ last }) => Number(last)));
  return {
    range: rows.length === 0 ? null : { from, to },
    slots,
    unknown: rows.length === 0 ? 0 : to - from + 1 - known,
    open: publications?.open ?? 0,
  };
}

/** Stretches without an entry between the first entry and the last. */
export async function readGaps(
  transaction: Transaction,
  chain: ChainName,
  limit: number,
): Promise<SlotRange[]> {
  const rows = await transaction.query<{ first: string; last: string }>(GAPS, [chain, limit]);
  return rows.map(({ first, last }) => ({ from: Number(first), to: Number(last) }));
}

/** Enters slots without an entry as missing. */
export async function noteMissing(
  transaction: Transaction,
  chain: ChainName,
  { from, to }: SlotRange,
  reason: string,
): Promise<number> {
  const [row] = await transaction.query<{ noted: number }>(NOTE_MISSING, [chain, from, to, reason]);
  return row?.noted ?? 0;
}
