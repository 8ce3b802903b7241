import type { Candle, ChainName, Ohlc } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { numberArray, textArray } from "./array-literal.ts";

/** mergeBodies of the domain in SQL. GREATEST and LEAST pass over NULL, and a comparison with NULL is not true. */
const UPSERT: Statement = {
  name: "merge-candles",
  text: `INSERT INTO candles AS c (chain, pair, interval, open_ms, base_open_key, base_open, base_high, base_low,
  base_close_key, base_close, usd_open_key, usd_open, usd_high, usd_low, usd_close_key, usd_close, token_volume,
  base_volume, usd_volume, trades, buy_token_volume, buy_base_volume, buys, revision)
SELECT $1, d.pair, d.name, d.open_ms, decode(d.base_open_key, 'hex'), d.base_open, d.base_high, d.base_low,
  decode(d.base_close_key, 'hex'), d.base_close, decode(d.usd_open_key, 'hex'), d.usd_open, d.usd_high, d.usd_low,
  decode(d.usd_close_key, 'hex'), d.usd_close, d.token_volume, d.base_volume, d.usd_volume, d.trades,
  d.buy_token_volume, d.buy_base_volume, d.buys, 1
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::float8[], $7::float8[], $8::float8[], $9::text[],
  $10::float8[], $11::text[], $12::float8[], $13::float8[], $14::float8[], $15::text[], $16::float8[],
  $17::numeric[], $18::numeric[], $19::numeric[], $20::bigint[], $21::numeric[], $22::numeric[], $23::bigint[])
  AS d(pair, name, open_ms, base_open_key, base_open, base_high, base_low, base_close_key, base_close,
    usd_open_key, usd_open, usd_high, usd_low, usd_close_key, usd_close, token_volume, base_volume, usd_volume,
    trades, buy_token_volume, buy_base_volume, buys)
ON CONFLICT (chain, pair, interval, open_ms) DO UPDATE SET
${["base", "usd"].map(mergeOhlcSql).join(",\n")},
  token_volume = c.token_volume + excluded.token_volume,
  base_volume = c.base_volume + excluded.base_volume,
  usd_volume = c.usd_volume + excluded.usd_volume,
  trades = c.trades + excluded.trades,
  buy_token_volume = c.buy_token_volume + excluded.buy_token_volume,
  buy_base_volume = c.buy_base_volume + excluded.buy_base_volume,
  buys = c.buys + excluded.buys,
  revision = c.revision + 1`,
};

function mergeOhlcSql(currency: string): string {
  const [openKey, closeKey] = [`${currency}_open_key`, `${currency}_close_key`];
  const earlier = `c.${openKey} IS NULL OR excluded.${openKey} < c.${openKey}`;
  const later = `c.${closeKey} IS NULL OR excluded.${closeKey} > c.${closeKey}`;
  return `  ${openKey} = CASE WHEN ${earlier} THEN excluded.${openKey} ELSE c.${openKey} END,
  ${currency}_open = CASE WHEN ${earlier} THEN excluded.${currency}_open ELSE c.${currency}_open END,
  ${currency}_high = GREATEST(c.${currency}_high, excluded.${currency}_high),
  ${currency}_low = LEAST(c.${currency}_low, excluded.${currency}_low),
  ${closeKey} = CASE WHEN ${later} THEN excluded.${closeKey} ELSE c.${closeKey} END,
  ${currency}_close = CASE WHEN ${later} THEN excluded.${currency}_close ELSE c.${currency}_close END`;
}

/** Adds candles of trades that are in none yet to the stored ones. They come in the order of the primary key. */
export async function mergeCandles(
  transaction: Transaction,
  chain: ChainName,
  rows: readonly Candle[],
): Promise<void> {
  if (rows.length === 0) return;
  const numbers = (of: (row: Candle) => number | bigint) => numberArray(rows.map(of));
  await transaction.query(UPSERT, [
    chain,
    textArray(rows.map(({ pair }) => pair)),
    textArray(rows.map(({ interval }) => interval)),
    numbers(({ openMs }) => openMs),
    ...ohlcColumns(rows.map(({ base }) => base)),
    ...ohlcColumns(rows.map(({ usd }) => usd)),
    numbers(({ tokenVolume }) => tokenVolume),
    numbers(({ baseVolume }) => baseVolume),
    numbers(({ usdVolume }) => usdVolume),
    numbers(({ trades }) => trades),
    numbers(({ buyTokenVolume }) => buyTokenVolume),
    numbers(({ buyBaseVolume }) => buyBaseVolume),
    numbers(({ buys }) => buys),
  ]);
}

function ohlcColumns(ohlcs: readonly (Ohlc | null)[]): string[] {
  return [
    textArray(ohlcs.map((ohlc) => ohlc?.openKey ?? null)),
    numberArray(ohlcs.map((ohlc) => ohlc?.open ?? null)),
    numberArray(ohlcs.map((ohlc) => ohlc?.high ?? null)),
    numberArray(ohlcs.map((ohlc) => ohlc?.low ?? null)),
    textArray(ohlcs.map((ohlc) => ohlc?.closeKey ?? null)),
    numberArray(ohlcs.map((ohlc) => ohlc?.close ?? null)),
  ];
}
