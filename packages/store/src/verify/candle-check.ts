import type { ChainName, Interval } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { Finding } from "./finding.ts";

const OHLC = ["open_key", "open", "high", "low", "close_key", "close"];
/** Every column that trades determine; only the revision is left out. */
const COLUMNS = [
  ...OHLC.map((part) => `base_${part}`),
  ...OHLC.map((part) => `usd_${part}`),
  ...["token_volume", "base_volume", "usd_volume", "trades", "buy_token_volume", "buy_base_volume", "buys"],
];
/** What a bucket without trades has, stored or not. */
const EMPTY = COLUMNS.map((name) => (OHLC.some((part) => name.endsWith(`_${part}`)) ? "NULL" : "'0'"));

function joinEnd(end: string, place: string): string {
  return `LEFT JOIN placed ${end} ON ${end}.pair = g.pair AND ${end}.place = g.${place}`;
}

/**
 * Written apart from the merge and from the recomputation, and by other means: places in the order of
 * positions instead of order keys, a lookup of the trades at the ends instead of keyed minima, a floor instead
 * of a remainder. What all three agree on is right, or the definition is wrong.
 */
const COMPARE: Statement = {
  name: "verify-candles",
  text: `WITH wanted AS (
  SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS w(name, ms, origin)
), placed AS MATERIALIZED (
  SELECT t.pair, t.price_base, t.price_usd, t.token_amount, t.base_amount, coalesce(t.base_usd, 0) AS base_usd,
    t.side = 'buy' AS buy, encode(t.order_key, 'hex') AS key,
    t.block_time * 1000 AS time_ms,
    row_number() OVER (PARTITION BY t.pair ORDER BY t.slot, t.tx_index, t.outer_index, t.inner_index, t.hop,
      left(t.block_id, 8)) AS place
  FROM trades t LEFT JOIN blocks b ON b.chain = t.chain AND b.block_id = t.block_id
  WHERE t.chain = $1 AND t.pool_base_amount > 0 AND t.pool_token_amount > 0
    AND b.status IS DISTINCT FROM 'orphaned'
), grouped AS (
  SELECT w.name, p.pair, floor((p.time_ms - w.origin)::numeric / w.ms)::bigint * w.ms + w.origin AS open_ms,
    min(p.place) AS first, max(p.place) AS last,
    min(p.place) FILTER (WHERE p.price_usd IS NOT NULL) AS first_usd,
    max(p.place) FILTER (WHERE p.price_usd IS NOT NULL) AS last_usd,
    max(p.price_base) AS base_high, min(p.price_base) AS base_low,
    max(p.price_usd) AS usd_high, min(p.price_usd) AS usd_low,
    sum(p.token_amount) AS token_volume, sum(p.base_amount) AS base_volume, sum(p.base_amount * p.base_usd) AS usd_volume,
    count(*) AS trades, sum(CASE WHEN p.buy THEN p.token_amount ELSE 0 END) AS buy_token_volume,
    sum(CASE WHEN p.buy THEN p.base_amount ELSE 0 END) AS buy_base_volume, sum(p.buy::int) AS buys
  FROM placed p CROSS JOIN wanted w GROUP BY 1, 2, 3
), made AS (
  SELECT g.name, g.pair, g.open_ms, ARRAY[
    f.key, f.price_base::text, g.base_high::text, g.base_low::text,
    l.key, l.price_base::text,
    fu.key, fu.price_usd::text, g.usd_high::text, g.usd_low::text,
    lu.key, lu.price_usd::text,
    g.token_volume::text, g.base_volume::text, g.usd_volume::text, g.trades::text, g.buy_token_volume::text,
    g.buy_base_volume::text, g.buys::text] AS expected
  FROM grouped g ${joinEnd("f", "first")} ${joinEnd("l", "last")} ${joinEnd("fu", "first_usd")}
    ${joinEnd("lu", "last_usd")}
), stored AS (
  SELECT c.interval AS name, c.pair, c.open_ms, ARRAY[${COLUMNS.map((name) =>
    name.endsWith("_key") ? `encode(c.${name}, 'hex')` : `c.${name}::text`,
  ).join(", ")}] AS found
  FROM candles c WHERE c.chain = $1 AND c.interval = ANY ($2::text[])
), compared AS MATERIALIZED (
  SELECT name, pair, open_ms, coalesce(m.expected, ARRAY[${EMPTY.join(", ")}]::text[]) AS expected,
    coalesce(s.found, ARRAY[${EMPTY.join(", ")}]::text[]) AS found
  FROM made m FULL JOIN stored s USING (name, pair, open_ms)
), different AS MATERIALIZED (
  SELECT * FROM compared WHERE expected IS DISTINCT FROM found
)
SELECT (SELECT count(*) FROM compared)::int AS compared, (SELECT count(*) FROM different)::int AS differences,
  d.name, d.pair, d.open_ms, d.expected, d.found
FROM (SELECT 1) one LEFT JOIN (SELECT * FROM different ORDER BY pair, name, open_ms LIMIT $5) d ON true`,
};

interface CompareRow {
  readonly compared: number;
  readonly differences: number;
  readonly name: string | null;
  readonly pair: string | null;
  readonly open_ms: string | null;
  readonly expected: readonly (string | null)[] | null;
  readonly found: readonly (string | null)[] | null;
}

export interface CandleDifference {
  readonly pair: string;
  readonly interval: string;
  readonly openMs: number;
}

/** 1970-01-05, the first Monday: weeks start there. */
const FIRST_MONDAY_MS = 345_600_000;
const WEEK_MS = 604_800_000;

/** Compares all candles of these intervals with the trades; lists at most `limit` of those that differ. */
export async function compareCandles(
  transaction: Transaction,
  chain: ChainName,
  intervals: readonly Interval[],
  limit: number,
): Promise<Finding & { readonly where: readonly CandleDifference[] }> {
  const rows = await transaction.query<CompareRow>(COMPARE, [
    chain,
    textArray(intervals.map(({ name }) => name)),
    numberArray(intervals.map(({ ms }) => ms)),
    numberArray(intervals.map(({ ms }) => (ms % WEEK_MS === 0 ? FIRST_MONDAY_MS : 0))),
    limit,
  ]);
  const where: CandleDifference[] = [];
  const examples: string[] = [];
  for (const { name, pair, open_ms: open, expected, found } of rows) {
    if (name === null || pair === null || open === null) continue;
    where.push({ pair, interval: name, openMs: Number(open) });
    examples.push(`${pair} ${name} ${new Date(Number(open)).toISOString()}: ${describe(expected, found)}`);
  }
  return {
    compared: rows[0]?.compared ?? 0,
    differences: rows[0]?.differences ?? 0,
    inFlight: 0,
    examples,
    where,
  };
}

function describe(expected: CompareRow["expected"], found: CompareRow["found"]): string {
  return COLUMNS.flatMap((name, index) => {
    const [is, should] = [found?.[index] ?? "none", expected?.[index] ?? "none"];
    return is === should ? [] : [`${name} is ${is} instead of ${should}`];
  }).join(", ");
}
