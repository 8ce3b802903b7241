import type { ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import type { Finding } from "./finding.ts";

/**
 * A block whose time is unknown has no stored trades, whatever it announces. Trades are counted by identity,
 * not by row.
 */
const TRADES: Statement = {
  name: "verify-block-trades",
  text: `SELECT b.block_id, b.slot, b.trade_count AS announced, coalesce(s.trades, 0) AS stored
FROM blocks b LEFT JOIN (
  SELECT t.block_id, count(DISTINCT (t.tx, t.outer_index, t.inner_index, t.hop)) AS trades
  FROM trades t WHERE t.chain = $1 GROUP BY t.block_id
) s USING (block_id)
WHERE b.chain = $1 AND b.block_time IS NOT NULL
  AND (b.trade_count IS NULL OR b.trade_count <> coalesce(s.trades, 0))
ORDER BY b.slot`,
};

const BLOCKS: Statement = {
  name: "verify-count-blocks",
  text: "SELECT count(*)::int AS blocks FROM blocks WHERE chain = $1",
};

interface BlockRow {
  readonly block_id: string;
  readonly slot: string;
  readonly announced: string | null;
  readonly stored: string;
}

/**
 * Trades of each block against what its record announced. Fewer may still be on their way (`behind`), and so
 * may the record itself; more are wrong at any time.
 */
export async function checkBlockTrades(
  transaction: Transaction,
  chain: ChainName,
  behind: boolean,
  limit: number,
): Promise<Finding> {
  const [total] = await transaction.query<{ blocks: number }>(BLOCKS, [chain]);
  const rows = await transaction.query<BlockRow>(TRADES, [chain]);
  const onTheirWay = ({ announced, stored }: BlockRow) =>
    announced === null || (behind && BigInt(stored) < BigInt(announced));
  const different = rows.filter((row) => !onTheirWay(row));
  return {
    compared: total?.blocks ?? 0,
    differences: different.length,
    inFlight: rows.length - different.length,
    examples: different
      .slice(0, limit)
      .map(
        (row) =>
          `slot ${row.slot}, block ${row.block_id}: ${row.stored} trades stored, ${row.announced} announced`,
      ),
  };
}

const LEDGER: Statement = {
  name: "verify-ledger",
  text: `SELECT s.slot, s.status::text, s.attempts, s.reason, s.block_id,
  s.status = 'processed' AND (b.status IS NULL OR b.status = 'seen') AS unstored
FROM slots s LEFT JOIN blocks b ON b.chain = s.chain AND b.block_id = s.block_id
WHERE s.chain = $1 AND (s.status < 'skipped'
  OR (s.status = 'processed' AND s.block_id IS NOT NULL AND (b.status IS NULL OR b.status = 'seen')))
ORDER BY s.slot`,
};

const SLOTS: Statement = {
  name: "verify-count-slots",
  text: "SELECT count(*)::int AS slots FROM slots WHERE chain = $1",
};

interface LedgerRow {
  readonly slot: string;
  readonly status: string;
  readonly attempts: number;
  readonly reason: string | null;
  readonly block_id: string | null;
  readonly unstored: boolean;
}

/** Every slot of ingest's ledger is settled, and the block of each published one has arrived. */
export async function checkLedger(
  transaction: Transaction,
  chain: ChainName,
  behind: boolean,
  limit: number,
): Promise<Finding> {
  const [total] = await transaction.query<{ slots: number }>(SLOTS, [chain]);
  const rows = await transaction.query<LedgerRow>(LEDGER, [chain]);
  const different = rows.filter((row) => !(behind && row.unstored));
  return {
    compared: total?.slots ?? 0,
    differences: different.length,
    inFlight: rows.length - different.length,
    examples: different.slice(0, limit).map(describe),
  };
}

function describe(row: LedgerRow): string {
  if (row.unstored)
    return `slot ${row.slot}: block ${row.block_id} was published and its record is not stored`;
  return `slot ${row.slot}: ${row.status} after ${row.attempts} attempts (${row.reason ?? "no reason"})`;
}
