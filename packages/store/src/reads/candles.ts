import type { Statement, Transaction } from "../database.ts";
import type { CandleQuery, StoredCandle } from "../store.ts";
import { bounded } from "./limit.ts";
import { CANDLE_COLUMNS, type CandleRow, storedCandle } from "./rows.ts";

type Row = CandleRow & {
  readonly base_mint: string;
  readonly base_decimals: number;
  readonly token_mint: string;
  readonly token_decimals: number;
};

function select(order: "ASC" | "DESC"): Statement {
  return {
    name: `candles-${order}`,
    text: `SELECT ${CANDLE_COLUMNS}, p.base_mint, p.base_decimals, p.token_mint, p.token_decimals
FROM candles c JOIN pairs p ON p.chain = c.chain AND p.pair = c.pair
WHERE c.chain = $1 AND c.pair = $2 AND c.interval = $3 AND c.open_ms >= $4 AND c.open_ms < $5 AND c.trades > 0
ORDER BY c.open_ms ${order} LIMIT $6`,
  };
}

const SELECT = { "oldest-first": select("ASC"), "newest-first": select("DESC") } as const;

/** Beyond all times, and a bigint still. */
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;

/** The candles of a pair in the order asked for; a bucket whose trades were all taken out is none. */
export async function readCandles(transaction: Transaction, query: CandleQuery): Promise<StoredCandle[]> {
  const rows = await transaction.query<Row>(SELECT[query.order ?? "oldest-first"], [
    query.chain ?? "solana",
    query.pair,
    query.interval,
    query.fromMs ?? -END_OF_TIME_MS,
    query.toMs ?? END_OF_TIME_MS,
    bounded(query.limit ?? 1000, 100_000),
  ]);
  return rows.map((row) =>
    storedCandle(row, {
      base: { mint: row.base_mint, decimals: row.base_decimals },
      token: { mint: row.token_mint, decimals: row.token_decimals },
    }),
  );
}
