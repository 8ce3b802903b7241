import type { Kline } from "@candlewick/contracts";
import {
  applyOpenRule,
  type Bar,
  type FillRule,
  fillGaps,
  type Interval,
  type OpenRule,
} from "@candlewick/domain";

export type Currency = "usd" | "base";

/** A candle in one currency, as `/api/candles` returns it. */
export interface CandleView {
  /** Milliseconds since the epoch. */
  readonly open_time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** In the currency; an exact decimal. */
  readonly volume: string;
  readonly token_volume: string;
  readonly trades: number;
  readonly buys: number;
  /** 0 for a candle that was filled in. */
  readonly revision: number;
}

/** How stored candles become a series for a reader. */
export interface CandleRules {
  readonly interval: Interval;
  readonly currency: Currency;
  readonly fill: FillRule;
  readonly open: OpenRule;
  readonly limit: number;
}

/**
 * The candles in one currency, gaps filled and opens set as the rules say; the last `limit` of them.
 * Candles without a price in that currency are left out. `before` is the candle before the first, where
 * known. With `fill: flat` the result reaches back no more than `limit` buckets from the last candle.
 */
export function candleViews(
  klines: readonly Kline[],
  before: Kline | null,
  rules: CandleRules,
): CandleView[] {
  const { interval, currency, limit } = rules;
  const byTime = new Map(klines.map((kline) => [kline.open_time, kline]));
  let bars = klines.flatMap((kline) => barOf(kline, currency));
  let previous = before === null ? undefined : barOf(before, currency)[0];
  if (rules.fill === "flat") {
    const firstMs = (bars.at(-1)?.openMs ?? 0) - (limit - 1) * interval.ms;
    previous = bars.findLast((bar) => bar.openMs < firstMs) ?? previous;
    bars = fillGaps(
      bars.filter((bar) => bar.openMs >= firstMs),
      interval,
      limit,
    );
  }
  return applyOpenRule(bars, rules.open, previous)
    .slice(-limit)
    .map((bar) => viewOf(bar, byTime.get(bar.openMs), currency));
}

function barOf(kline: Kline, currency: Currency): Bar[] {
  const prices = kline[currency];
  return prices === null ? [] : [{ openMs: kline.open_time, ...prices, volume: 0n, count: kline.trades }];
}

function viewOf(bar: Bar, kline: Kline | undefined, currency: Currency): CandleView {
  const volume = currency === "usd" ? kline?.usd_volume : kline?.base_volume;
  return {
    open_time: bar.openMs,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    volume: volume ?? "0",
    token_volume: kline?.token_volume ?? "0",
    trades: kline?.trades ?? 0,
    buys: kline?.buys ?? 0,
    revision: kline?.revision ?? 0,
  };
}
