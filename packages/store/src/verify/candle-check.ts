import type { ChainName, Interval } from "@candlewick/domain";
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

const POSITION = ["slot", "tx_index", "outer_index", "inner_index", "hop", "fork"];
const forward = POSITION.map((column) => `n.${column}`).join(", ");
const backward = POSITION.map((column) => `n.${column} DESC`).join(", ");

/** The price at one end of a bucket: `which` is the rank that the end has. */
function end(value: string, which: string): string {
  return `max(${value}) FILTER (WHERE ${which} = 1)`;
}

/**
 * Written apart from the merge and from the recomputation, and by other means: positions instead of order
 * keys, ranks instead of keyed minima, a floor instead of a remainder. What all three agree on is right, or
 * the definition is wrong.
 */
const COMPARE: Statement = {
  name: "verify-candles",
  text: `WITH counting AS (
  SELECT t.*, left(t.block_id, 8) AS fork, encode(t.order_key, 'hex') AS key,
    (floor((t.block_time * 1000 - $4::bigint)::numeric / $3::bigint) * $3::bigint + $4::bigint)::bigint AS open_ms
  FROM trades t LEFT JOIN blocks b ON b.chain = t.chain AND b.block_id = t.block_id
  WHERE t.chain = $1 AND t.pool_base_amount > 0 AND t.pool_token_amount > 0
    AND b.status IS DISTINCT FROM 'orphaned'
), ranked AS (
  SELECT n.*,
    row_number() OVER (PARTITION BY n.pair, n.open_ms ORDER BY ${forward}) AS first,
    row_number() OVER (PARTITION BY n.pair, n.open_ms ORDER BY ${backward}) AS last,
    row_number() OVER (PARTITION BY n.pair, n.open_ms, n.price_usd IS NULL ORDER BY ${forward}) AS first_usd,
    row_number() OVER (PARTITION BY n.pair, n.open_ms, n.price_usd IS NULL ORDER BY ${backward}) AS last_usd
  FROM counting n
), made AS (
  SELECT r.pair, r.open_ms, ARRAY[
    ${end("r.key", "r.first")}, ${end("r.price_base", "r.first")}::text, max(r.price_base)::text,
    min(r.price_base)::text, ${end("r.key", "r.last")}, ${end("r.price_base", "r.last")}::text,
    max(r.key) FILTER (WHERE r.first_usd = 1 AND r.price_usd IS NOT NULL), ${end("r.price_usd", "r.first_usd")}::text,
    max(r.price_usd)::text, min(r.price_usd)::text,
    max(r.key) FILTER (WHERE r.last_usd = 1 AND r.price_usd IS NOT NULL), ${end("r.price_usd", "r.last_usd")}::text,
    sum(r.token_amount)::text, sum(r.base_amount)::text, sum(r.base_amount * coalesce(r.base_usd, 0))::text,
    count(*)::text, sum(CASE r.side WHEN 'buy' THEN r.token_amount ELSE 0 END)::text,
    sum(CASE r.side WHEN 'buy' THEN r.base_amount ELSE 0 END)::text,
    sum(CASE r.side WHEN 'buy' THEN 1 ELSE 0 END)::text] AS expected
  FROM ranked r GROUP BY r.pair, r.open_ms
), stored AS (
  SELECT c.pair, c.open_ms, ARRAY[${COLUMNS.map((name) =>
    name.endsWith("_key") ? `encode(c.${name}, 'hex')` : `c.${name}::text`,
  ).join(", ")}] AS found
  FROM candles c WHERE c.chain = $1 AND c.interval = $2
), compared AS (
  SELECT pair, open_ms, coalesce(m.expected, ARRAY[${EMPTY.join(", ")}]::text[]) AS expected,
    coalesce(s.found, ARRAY[${EMPTY.join(", ")}]::text[]) AS found
  FROM made m FULL JOIN stored s USING (pair, open_ms)
), different AS (
  SELECT * FROM compared WHERE expected IS DISTINCT FROM found
)
SELECT (SELECT count(*) FROM compared)::int AS compared, (SELECT count(*) FROM different)::int AS differences,
  d.pair, d.open_ms, d.expected, d.found
FROM (SELECT 1) one LEFT JOIN (SELECT * FROM different ORDER BY pair, open_ms LIMIT $5) d ON true`,
};

interface CompareRow {
  readonly compared: number;
  readonly differences: number;
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

/** Compares all candles of one interval with the trades; lists at most `limit` of those that differ. */
export async function compareCandles(
  transaction: Transaction,
  chain: ChainName,
  interval: Interval,
  limit: number,
): Promise<Finding & { readonly where: readonly CandleDifference[] }> {
  const origin = interval.ms % 604_800_000 === 0 ? FIRST_MONDAY_MS : 0;
  const rows = await transaction.query<CompareRow>(COMPARE, [
    chain,
    interval.name,
    interval.ms,
    origin,
    limit,
  ]);
  const where: CandleDifference[] = [];
  const examples: string[] = [];
  for (const { pair, open_ms: open, expected, found } of rows) {
    if (pair === null || open === null) continue;
    where.push({ pair, interval: interval.name, openMs: Number(open) });
    examples.push(
      `${pair} ${interval.name} ${new Date(Number(open)).toISOString()}: ${describe(expected, found)}`,
    );
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
