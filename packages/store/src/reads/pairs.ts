import { BASE_MINTS, type ChainName, knownSymbol } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import type { Pair, PairFilter, PairSummary } from "../store.ts";
import { bounded } from "./limit.ts";
import { COUNTS, PAIR_COLUMNS, type PairRow, pairOf } from "./rows.ts";

const FACTS: Statement = {
  name: "pair-facts",
  text: `SELECT ${PAIR_COLUMNS} FROM pairs p WHERE p.chain = $1 AND p.pair = $2`,
};

/** The facts of one pair; null where it is not stored. */
export async function readPairFacts(
  transaction: Transaction,
  chain: ChainName,
  address: string,
): Promise<Pair | null> {
  const [row] = await transaction.query<PairRow>(FACTS, [chain, address]);
  return row === undefined ? null : pairOf(row);
}

const DAY_MS = 86_400_000;

function headMsOf(chain: string): string {
  return `SELECT b.block_time * 1000 FROM blocks b
    WHERE b.chain = ${chain} AND b.status <> 'orphaned' AND b.block_time IS NOT NULL ORDER BY b.slot DESC LIMIT 1`;
}

/** Hourly candles that began in the 24 hours before the head of their chain, by pair; the head is the newest block that counts. */
const RECENT = `heads AS (
  SELECT c.chain, (${headMsOf("c.chain")}) AS head_ms
  FROM (SELECT DISTINCT chain FROM candle_intervals) c
), recent AS (
  SELECT c.chain, c.pair, sum(c.usd_volume) AS usd_volume, sum(c.trades) AS trades, max(c.open_ms) AS last_ms
  FROM heads h JOIN candles c ON c.chain = h.chain AND c.interval = '1h' AND c.trades > 0
    AND c.open_ms > h.head_ms - ${DAY_MS}
  GROUP BY c.chain, c.pair
)`;

const LAST = `LEFT JOIN LATERAL (
  SELECT t.slot, t.block_time, t.price_base, t.price_usd FROM trades t
  WHERE t.chain = p.chain AND t.pair = p.pair AND ${COUNTS}
  ORDER BY t.block_time DESC, t.order_key DESC LIMIT 1
) l ON true`;

const SORT = {
  volume: "r.usd_volume / power(10::numeric, p.base_decimals + 9) DESC NULLS LAST, r.last_ms DESC NULLS LAST",
  "last-trade": "r.last_ms DESC NULLS LAST, l.block_time DESC NULLS LAST",
} as const;

interface SummaryRow extends PairRow {
  readonly usd_volume: string | null;
  readonly trades: string | null;
  readonly last_slot: string | null;
  readonly last_time: string | null;
  readonly last_price_base: number | null;
  readonly last_price_usd: number | null;
}

function list(sort: keyof typeof SORT): Statement {
  // Sorting by the last trade looks it up for each pair that matches; otherwise only for those that are returned.
  const early = sort === "last-trade";
  return {
    name: `pairs-${sort}`,
    text: `WITH ${RECENT}, page AS (
  SELECT p.*, r.usd_volume, r.trades, row_number() OVER (ORDER BY ${SORT[sort]}, p.chain, p.pair) AS place
  FROM pairs p LEFT JOIN recent r ON r.chain = p.chain AND r.pair = p.pair ${early ? LAST : ""}
  WHERE ($1::text IS NULL OR p.chain = $1) AND ($2::text IS NULL OR p.pair LIKE $2 OR p.base_mint LIKE $2
    OR p.token_mint LIKE $2 OR p.base_mint = ANY ($3::text[]) OR p.token_mint = ANY ($3::text[])
    OR lower(p.token_symbol) LIKE lower($2))
  ORDER BY place LIMIT $4
)
SELECT ${PAIR_COLUMNS}, p.usd_volume, p.trades, l.slot AS last_slot, l.block_time AS last_time,
  l.price_base AS last_price_base, l.price_usd AS last_price_usd
FROM page p ${LAST}
ORDER BY p.place`,
  };
}

const LIST = { volume: list("volume"), "last-trade": list("last-trade") } as const;

/** Pairs that match, the busiest or the latest first. */
export async function readPairs(transaction: Transaction, filter: PairFilter): Promise<PairSummary[]> {
  const search = filter.search?.trim() ?? "";
  const rows = await transaction.query<SummaryRow>(LIST[filter.sort ?? "volume"], [
    filter.chain ?? null,
    search === "" ? null : `${escapeLike(search)}%`,
    search === "" ? [] : mintsOfSymbol(search),
    bounded(filter.limit ?? 100, 1000),
  ]);
  return rows.map(summaryOf);
}

const ONE: Statement = {
  name: "pair",
  text: `SELECT ${PAIR_COLUMNS}, r.usd_volume, r.trades, l.slot AS last_slot, l.block_time AS last_time,
  l.price_base AS last_price_base, l.price_usd AS last_price_usd
FROM pairs p LEFT JOIN LATERAL (
  SELECT sum(c.usd_volume) AS usd_volume, sum(c.trades) AS trades FROM candles c
  WHERE c.chain = p.chain AND c.pair = p.pair AND c.interval = '1h' AND c.open_ms > (${headMsOf("p.chain")}) - ${DAY_MS}
) r ON true ${LAST}
WHERE p.pair = $1 AND ($2::text IS NULL OR p.chain = $2)
ORDER BY p.chain LIMIT 1`,
};

/** One pair by its address, on one chain or on any. */
export async function readPair(
  transaction: Transaction,
  address: string,
  chain: ChainName | undefined,
): Promise<PairSummary | null> {
  const [row] = await transaction.query<SummaryRow>(ONE, [address, chain ?? null]);
  return row === undefined ? null : summaryOf(row);
}

function summaryOf(row: SummaryRow): PairSummary {
  const { last_slot: slot, last_time: time } = row;
  return {
    ...pairOf(row),
    lastTrade:
      slot === null || time === null
        ? null
        : {
            slot: Number(slot),
            time: Number(time),
            priceBase: row.last_price_base,
            priceUsd: row.last_price_usd,
          },
    usdVolume24h: BigInt(row.usd_volume ?? 0),
    trades24h: Number(row.trades ?? 0),
  };
}

function mintsOfSymbol(search: string): string[] {
  return BASE_MINTS.filter((mint) => knownSymbol(mint)?.toLowerCase() === search.toLowerCase());
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
