import {
  bucketOpenMs,
  type Candle,
  type CandleBody,
  type ChainName,
  type Interval,
  mergeBodies,
} from "@candlewick/domain";
import { compareTexts, type TradeRow } from "./trade-batch.ts";

type Buckets = Map<number, CandleBody>;

/**
 * Folds trades into candles as candlesOfTrades of the domain does, in the order of the primary key of the table
 * (two writers of the same candles then wait for each other in turn). A longer interval is made of the buckets
 * of a shorter one that divides it: a batch has many trades and few buckets.
 */
export function candleDeltas(
  chain: ChainName,
  rows: Iterable<TradeRow>,
  intervals: readonly Interval[],
): Candle[] {
  const byLength = [...intervals].sort((a, b) => a.ms - b.ms);
  const byName = [...intervals].sort((a, b) => compareTexts(a.name, b.name));
  const candles: Candle[] = [];
  for (const [pair, own] of [...rowsByPair(rows)].sort(([a], [b]) => compareTexts(a, b))) {
    const folded = foldPair(own, byLength);
    for (const { name } of byName) {
      const buckets = [...(folded.get(name) ?? [])].sort(([a], [b]) => a - b);
      for (const [openMs, body] of buckets) candles.push({ chain, pair, interval: name, openMs, ...body });
    }
  }
  return candles;
}

function rowsByPair(rows: Iterable<TradeRow>): Map<string, TradeRow[]> {
  const pairs = new Map<string, TradeRow[]>();
  for (const row of rows) {
    // Without a price in base units a side is zero: it belongs to no candle.
    if (row.body.base === null) continue;
    const known = pairs.get(row.trade.pair);
    if (known === undefined) pairs.set(row.trade.pair, [row]);
    else known.push(row);
  }
  return pairs;
}

function foldPair(rows: readonly TradeRow[], byLength: readonly Interval[]): Map<string, Buckets> {
  const folded = new Map<string, Buckets>();
  for (const [index, interval] of byLength.entries()) {
    const buckets: Buckets = new Map();
    const shorter = byLength.slice(0, index).findLast((candidate) => isNested(candidate, interval));
    const source = shorter === undefined ? undefined : folded.get(shorter.name);
    if (source === undefined) for (const { time, body } of rows) add(buckets, interval, time * 1000, body);
    else for (const [openMs, body] of source) add(buckets, interval, openMs, body);
    folded.set(interval.name, buckets);
  }
  return folded;
}

/** Whether every bucket of the shorter lies in one of the longer: weeks start on another day than the epoch. */
function isNested(shorter: Interval, longer: Interval): boolean {
  const offset = Math.abs(bucketOpenMs(longer, 0) - bucketOpenMs(shorter, 0));
  return longer.ms % shorter.ms === 0 && offset % shorter.ms === 0;
}

function add(buckets: Buckets, interval: Interval, timeMs: number, body: CandleBody): void {
  const openMs = bucketOpenMs(interval, timeMs);
  const known = buckets.get(openMs);
  buckets.set(openMs, known === undefined ? body : mergeBodies(known, body));
}
