import type { Statement, Transaction } from "../database.ts";
import type { StoredTrade, TradeQuery } from "../store.ts";
import { bounded } from "./limit.ts";
import { readPairFacts } from "./pairs.ts";
import { COUNTS, storedTrade, TRADE_COLUMNS, type TradeRecord } from "./rows.ts";

/**
 * Block time first: that is the order of the partitions, so that the newest is read and no other. On a chain
 * time never runs back, and within a block the order key decides, so it is the order of execution.
 */
function select(before: string): Statement {
  return {
    name: `trades${before === "" ? "" : "-before"}`,
    text: `SELECT ${TRADE_COLUMNS} FROM trades t
WHERE t.chain = $1 AND t.pair = $2 AND ${COUNTS}${before}
ORDER BY t.block_time DESC, t.order_key DESC LIMIT $3`,
  };
}

const NEWEST = select("");
const BEFORE = select(
  " AND t.block_time <= $4::bigint AND (t.block_time, t.order_key) < ($4::bigint, decode($5, 'hex'))",
);

/** Trades of a pair, newest first; none for a pair that is not stored. */
export async function readTrades(transaction: Transaction, query: TradeQuery): Promise<StoredTrade[]> {
  const chain = query.chain ?? "solana";
  const pair = await readPairFacts(transaction, chain, query.pair);
  if (pair === null) return [];
  const limit = bounded(query.limit ?? 100, 10_000);
  const { before } = query;
  const rows =
    before === undefined
      ? await transaction.query<TradeRecord>(NEWEST, [chain, query.pair, limit])
      : await transaction.query<TradeRecord>(BEFORE, [
          chain,
          query.pair,
          limit,
          before.time,
          before.orderKey,
        ]);
  return rows.map((row) => storedTrade(row, pair));
}
