import type { ChainName } from "./chain.ts";
import { bucketOpenMs, type Interval } from "./interval.ts";
import { type OrderKey, orderKey } from "./position.ts";
import { priceInBase, priceInUsd, type Trade, usdVolume } from "./trade.ts";

/**
 * Open, high, low and close over a set of prices. Open and close are the prices at the least and greatest
 * order key, so that merging is commutative, associative, and independent of arrival.
 */
export interface Ohlc<Price extends number | bigint = number> {
  readonly openKey: OrderKey;
  readonly open: Price;
  readonly high: Price;
  readonly low: Price;
  readonly closeKey: OrderKey;
  readonly close: Price;
}

/** The range of a single price. */
export function ohlcOf<Price extends number | bigint>(key: OrderKey, price: Price): Ohlc<Price> {
  return { openKey: key, open: price, high: price, low: price, closeKey: key, close: price };
}

/** The range of both; null is the empty range. */
export function mergeOhlc<Price extends number | bigint>(
  a: Ohlc<Price> | null,
  b: Ohlc<Price> | null,
): Ohlc<Price> | null {
  if (a === null) return b;
  if (b === null) return a;
  const first = b.openKey < a.openKey ? b : a;
  const last = b.closeKey > a.closeKey ? b : a;
  return {
    openKey: first.openKey,
    open: first.open,
    high: b.high > a.high ? b.high : a.high,
    low: b.low < a.low ? b.low : a.low,
    closeKey: last.closeKey,
    close: last.close,
  };
}

/** Which candle: one pair, one interval, one bucket. */
export interface CandleKey {
  readonly chain: ChainName;
  readonly pair: string;
  /** Name of the interval, such as `1m`. */
  readonly interval: string;
  readonly openMs: number;
}

/** What a set of distinct trades of one bucket folds to. All sums are exact integers. */
export interface CandleBody {
  /** Base units per token. Null where no trade has a price: a bucket whose trades were all taken out again. */
  readonly base: Ohlc | null;
  /** Dollars per token. Null where no trade of the bucket has a known price in dollars. */
  readonly usd: Ohlc | null;
  /** Raw units of the token. */
  readonly tokenVolume: bigint;
  /** Raw units of the base. */
  readonly baseVolume: bigint;
  /** Units of 10^-(base decimals + 9) dollars, of the trades whose price in dollars is known. */
  readonly usdVolume: bigint;
  readonly trades: number;
  /** The part of the above in which the user bought the token. */
  readonly buyTokenVolume: bigint;
  readonly buyBaseVolume: bigint;
  readonly buys: number;
}

export interface Candle extends CandleKey, CandleBody {}

/** The body of one trade, the same for every interval. */
export function bodyOfTrade(trade: Trade): CandleBody {
  const key = orderKey(trade.position, trade.block.id);
  const inBase = priceInBase(trade);
  const inUsd = priceInUsd(trade);
  const buy = trade.side === "buy";
  return {
    base: inBase === null ? null : ohlcOf(key, inBase),
    usd: inUsd === null ? null : ohlcOf(key, inUsd),
    tokenVolume: trade.tokenAmount,
    baseVolume: trade.baseAmount,
    usdVolume: usdVolume(trade) ?? 0n,
    trades: 1,
    buyTokenVolume: buy ? trade.tokenAmount : 0n,
    buyBaseVolume: buy ? trade.baseAmount : 0n,
    buys: buy ? 1 : 0,
  };
}

/** The fold of two disjoint sets of trades of the same bucket. */
export function mergeBodies(a: CandleBody, b: CandleBody): CandleBody {
  return {
    base: mergeOhlc(a.base, b.base),
    usd: mergeOhlc(a.usd, b.usd),
    tokenVolume: a.tokenVolume + b.tokenVolume,
    baseVolume: a.baseVolume + b.baseVolume,
    usdVolume: a.usdVolume + b.usdVolume,
    trades: a.trades + b.trades,
    buyTokenVolume: a.buyTokenVolume + b.buyTokenVolume,
    buyBaseVolume: a.buyBaseVolume + b.buyBaseVolume,
    buys: a.buys + b.buys,
  };
}

/**
 * Folds distinct trades into the candles that they touch, of every interval given, in no particular order.
 * A trade with a zero side exchanged nothing against nothing: it has no price and belongs to no candle.
 */
export function candlesOfTrades(trades: Iterable<Trade>, intervals: readonly Interval[]): Candle[] {
  const candles = new Map<string, Candle>();
  for (const trade of trades) {
    if (trade.block.time === null) throw new RangeError("a trade without block time belongs to no candle");
    const body = bodyOfTrade(trade);
    if (body.base === null) continue;
    for (const interval of intervals) {
      const openMs = bucketOpenMs(interval, trade.block.time * 1000);
      const name = `${trade.block.chain}:${trade.pair}:${interval.name}:${openMs}`;
      const known = candles.get(name);
      candles.set(
        name,
        known === undefined
          ? { chain: trade.block.chain, pair: trade.pair, interval: interval.name, openMs, ...body }
          : { ...known, ...mergeBodies(known, body) },
      );
    }
  }
  return [...candles.values()];
}
