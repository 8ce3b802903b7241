import type { ChainName, Interval } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { numberArray, textArray } from "./array-literal.ts";

/**
 * Candles made anew from the trades of blocks that count, for the buckets of a relation `touched(pair, name,
 * ms, open_ms)`, whose times are whole seconds. The revision goes on. A bucket without a row and without trades gets none.
 */
function recomputeSql(touched: string): string {
  return `WITH wanted AS (
  SELECT * FROM unnest($2::text[], $3::bigint[]) AS w(name, ms)
), touched AS (
${touched}
), made AS (
  SELECT b.pair, b.name, b.open_ms, ${["base", "usd"].map(ohlcSql).join(", ")},
    coalesce(sum(t.token_amount), 0) AS token_volume,
    coalesce(sum(t.base_amount), 0) AS base_volume,
    coalesce(sum(t.base_amount * t.base_usd), 0) AS usd_volume,
    count(t.tx) AS trades,
    coalesce(sum(t.token_amount) FILTER (WHERE t.side = 'buy'), 0) AS buy_token_volume,
    coalesce(sum(t.base_amount) FILTER (WHERE t.side = 'buy'), 0) AS buy_base_volume,
    count(t.tx) FILTER (WHERE t.side = 'buy') AS buys
  FROM touched b LEFT JOIN trades t ON t.chain = $1 AND t.pair = b.pair
    AND t.block_time >= b.open_ms / 1000 AND t.block_time < (b.open_ms + b.ms) / 1000
    AND t.price_base IS NOT NULL
    AND NOT EXISTS (SELECT FROM blocks o
      WHERE o.chain = $1 AND o.block_id = t.block_id AND o.status = 'orphaned')
  GROUP BY b.pair, b.name, b.open_ms
), written AS (
  INSERT INTO candles AS c (chain, pair, interval, open_ms, ${OHLC_COLUMNS}, token_volume, base_volume, usd_volume,
    trades, buy_token_volume, buy_base_volume, buys, revision)
  SELECT $1, m.*, 1 FROM made m
  WHERE m.trades > 0 OR EXISTS (SELECT FROM candles k
    WHERE k.chain = $1 AND k.pair = m.pair AND k.interval = m.name AND k.open_ms = m.open_ms)
  ORDER BY m.pair, m.name, m.open_ms
  ON CONFLICT (chain, pair, interval, open_ms) DO UPDATE SET
    ${[
      ...OHLC_NAMES,
      "token_volume",
      "base_volume",
      "usd_volume",
      "trades",
      "buy_token_volume",
      "buy_base_volume",
      "buys",
    ]
      .map((name) => `${name} = excluded.${name}`)
      .join(", ")}, revision = c.revision + 1
  RETURNING 1
)
SELECT count(*)::int AS candles FROM written`;
}

const OHLC_NAMES = ["base", "usd"].flatMap((currency) =>
  ["open_key", "open", "high", "low", "close_key", "close"].map((part) => `${currency}_${part}`),
);
const OHLC_COLUMNS = OHLC_NAMES.join(", ");

function ohlcSql(currency: string): string {
  const price = `t.price_${currency}`;
  const end = (value: string, order: string) =>
    `(array_agg(${value} ORDER BY t.order_key ${order}) FILTER (WHERE ${price} IS NOT NULL))[1]`;
  return `${end("t.order_key", "ASC")} AS ${currency}_open_key, ${end(price, "ASC")} AS ${currency}_open,
    max(${price}) AS ${currency}_high, min(${price}) AS ${currency}_low,
    ${end("t.order_key", "DESC")} AS ${currency}_close_key, ${end(price, "DESC")} AS ${currency}_close`;
}

const OF_BLOCKS: Statement = {
  name: "recompute-blocks",
  text: recomputeSql(`  SELECT DISTINCT t.pair, w.name, w.ms, bucket_open_ms(t.block_time * 1000, w.ms) AS open_ms
  FROM trades t CROSS JOIN wanted w
  WHERE t.chain = $1 AND t.block_id = ANY ($4::text[])`),
};

const OF_ALL: Statement = {
  name: "recompute-all",
  text: recomputeSql(`  SELECT DISTINCT t.pair, w.name, w.ms, bucket_open_ms(t.block_time * 1000, w.ms) AS open_ms
  FROM trades t CROSS JOIN wanted w
  WHERE t.chain = $1`),
};

const OF_BUCKETS: Statement = {
  name: "recompute-buckets",
  text: recomputeSql(`  SELECT b.pair, w.name, w.ms, b.open_ms
  FROM unnest($4::text[], $5::text[], $6::bigint[]) AS b(pair, name, open_ms) JOIN wanted w USING (name)`),
};

/** Remakes the candles that hold trades of these blocks. The caller holds the chain alone. Returns how many rows were written. */
export async function recomputeBlocks(
  transaction: Transaction,
  chain: ChainName,
  intervals: readonly Interval[],
  blockIds: readonly string[],
): Promise<number> {
  return await run(transaction, OF_BLOCKS, [chain, ...wanted(intervals), textArray(blockIds)]);
}

/** Makes all candles of these intervals. The caller holds the chain alone. */
export async function recomputeAll(
  transaction: Transaction,
  chain: ChainName,
  intervals: readonly Interval[],
): Promise<number> {
  return await run(transaction, OF_ALL, [chain, ...wanted(intervals)]);
}

/** Remakes single candles. The caller holds the chain alone. */
export async function recomputeBuckets(
  transaction: Transaction,
  chain: ChainName,
  intervals: readonly Interval[],
  buckets: readonly { readonly pair: string; readonly interval: string; readonly openMs: number }[],
): Promise<number> {
  return await run(transaction, OF_BUCKETS, [
    chain,
    ...wanted(intervals),
    textArray(buckets.map(({ pair }) => pair)),
    textArray(buckets.map(({ interval }) => interval)),
    numberArray(buckets.map(({ openMs }) => openMs)),
  ]);
}

function wanted(intervals: readonly Interval[]): [string, string] {
  return [textArray(intervals.map(({ name }) => name)), numberArray(intervals.map(({ ms }) => ms))];
}

async function run(transaction: Transaction, statement: Statement, values: unknown[]): Promise<number> {
  const rows = await transaction.query<{ candles: number }>(statement, values);
  return rows[0]?.candles ?? 0;
}
