import type { ChainName } from "@candlewick/domain";
import { textArray } from "../checkpoint/array-literal.ts";
import { candleIntervals } from "../checkpoint/candle-intervals.ts";
import type { Statement, Transaction } from "../database.ts";
import type {
  MarketSnapshot,
  MinuteClose,
  Pair,
  PairSnapshot,
  SnapshotOptions,
  StoredCandle,
  StoredTrade,
} from "../store.ts";
import { readHead } from "./head.ts";
import { readGroupOffsets } from "./offsets.ts";
import {
  CANDLE_COLUMNS,
  type CandleRow,
  COUNTS,
  PAIR_COLUMNS,
  type PairRow,
  pairOf,
  storedCandle,
  storedTrade,
  TRADE_COLUMNS,
  type TradeRecord,
} from "./rows.ts";

const DAY_MS = 86_400_000;
/** Pairs whose details are read with one query: bounds what the driver holds at a time. */
const PAIRS_AT_A_TIME = 500;

/** By the index of hourly candles where those are kept; otherwise every pair is looked at. */
const ACTIVE: Statement = {
  name: "snapshot-pairs",
  text: `SELECT ${PAIR_COLUMNS} FROM pairs p WHERE p.chain = $1
  AND (NOT $3 OR p.pair IN (SELECT c.pair FROM candles c
    WHERE c.chain = $1 AND c.interval = '1h' AND c.open_ms >= $2 AND c.trades > 0))
ORDER BY p.pair`,
};

const LATEST: Statement = {
  name: "snapshot-latest",
  text: `SELECT l.* FROM unnest($2::text[]) AS w(pair) CROSS JOIN candle_intervals i CROSS JOIN LATERAL (
  SELECT ${CANDLE_COLUMNS} FROM candles c
  WHERE c.chain = $1 AND c.pair = w.pair AND c.interval = i.name AND c.trades > 0
  ORDER BY c.open_ms DESC LIMIT 1
) l WHERE i.chain = $1`,
};

/** The closes of the window and the one before it: that is the price at which the window begins. */
const CLOSES: Statement = {
  name: "snapshot-closes",
  text: `SELECT c.pair, c.open_ms, c.base_close, c.usd_close FROM candles c
WHERE c.chain = $1 AND c.pair = ANY ($2::text[]) AND c.interval = $3 AND c.open_ms >= $4 AND c.trades > 0
UNION ALL
SELECT l.* FROM unnest($2::text[]) AS w(pair) CROSS JOIN LATERAL (
  SELECT c.pair, c.open_ms, c.base_close, c.usd_close FROM candles c
  WHERE c.chain = $1 AND c.pair = w.pair AND c.interval = $3 AND c.open_ms < $4 AND c.trades > 0
  ORDER BY c.open_ms DESC LIMIT 1
) l
ORDER BY pair, open_ms`,
};

const RECENT: Statement = {
  name: "snapshot-recent",
  text: `SELECT ${TRADE_COLUMNS} FROM trades t
WHERE t.chain = $1 AND t.pair = ANY ($2::text[]) AND t.block_time >= $3 AND ${COUNTS}
ORDER BY t.pair, t.block_time, t.order_key`,
};

/** Reads a group's offsets and the state that they stand for. The transaction must see one state throughout. */
export async function readSnapshot(
  transaction: Transaction,
  group: string,
  options: SnapshotOptions,
): Promise<MarketSnapshot> {
  const chain = options.chain ?? "solana";
  const offsets = await readGroupOffsets(transaction, group);
  const head = await readHead(transaction, chain);
  const empty = { chain, headSlot: head?.slot ?? null, headTime: head?.time ?? null, offsets };
  if (head === null) return { ...empty, pairs: [] };
  const intervals = await candleIntervals(transaction, chain);
  const windowMs = intervals.reduce((ms, interval) => Math.max(ms, interval.ms), DAY_MS);
  const hourly = intervals.some(({ name }) => name === "1h");
  // The hour that the window begins in belongs to it.
  const sinceMs = head.time * 1000 - windowMs - 3_600_000;
  const rows = await transaction.query<PairRow>(ACTIVE, [chain, sinceMs, hourly]);
  const found: PairSnapshot[] = [];
  for (let from = 0; from < rows.length; from += PAIRS_AT_A_TIME) {
    const pairs = rows.slice(from, from + PAIRS_AT_A_TIME).map(pairOf);
    found.push(
      ...(await readDetails(transaction, chain, pairs, {
        shortest: intervals[0]?.name ?? "1m",
        closesFromMs: head.time * 1000 - DAY_MS,
        recentFrom: head.time - options.recentSeconds,
      })),
    );
  }
  return { ...empty, pairs: found };
}

async function readDetails(
  transaction: Transaction,
  chain: ChainName,
  pairs: readonly Pair[],
  want: { readonly shortest: string; readonly closesFromMs: number; readonly recentFrom: number },
): Promise<PairSnapshot[]> {
  const details = new Map(
    pairs.map((pair) => [
      pair.address,
      { pair, latest: [] as StoredCandle[], closes: [] as MinuteClose[], recent: [] as StoredTrade[] },
    ]),
  );
  const names = textArray(pairs.map(({ address }) => address));
  for (const row of await transaction.query<CandleRow>(LATEST, [chain, names])) {
    const detail = details.get(row.pair);
    detail?.latest.push(storedCandle(row, { base: detail.pair.base, token: detail.pair.token }));
  }
  for (const row of await transaction.query<{
    pair: string;
    open_ms: string;
    base_close: number | null;
    usd_close: number | null;
  }>(CLOSES, [chain, names, want.shortest, want.closesFromMs])) {
    details
      .get(row.pair)
      ?.closes.push({ openMs: Number(row.open_ms), base: row.base_close, usd: row.usd_close });
  }
  for (const row of await transaction.query<TradeRecord>(RECENT, [chain, names, want.recentFrom])) {
    const detail = details.get(row.pair);
    detail?.recent.push(storedTrade(row, detail.pair));
  }
  return [...details.values()];
}
