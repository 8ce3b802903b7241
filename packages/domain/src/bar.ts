import { mergeOhlc, type Ohlc } from "./candle.ts";
import { bucketOpenMs, type Interval } from "./interval.ts";

/** A candle of one series of prices, as exchanges publish it. */
export interface Bar<Price extends number | bigint = number> {
  readonly openMs: number;
  readonly open: Price;
  readonly high: Price;
  readonly low: Price;
  readonly close: Price;
  /** In the unit of the amounts that were added. */
  readonly volume: bigint;
  readonly count: number;
}

/** `first-trade`: the price of the bucket's first trade (exchanges); `previous-close`: where the last bar ended (GeckoTerminal). */
export type OpenRule = "first-trade" | "previous-close";
/** `none`: buckets without trades are left out; `flat`: they are filled with the previous close. */
export type FillRule = "none" | "flat";

/** Folds ranges with volumes into bars, in any order; bars come out by time. */
export class BarSeries<Price extends number | bigint> {
  readonly #interval: Interval;
  readonly #buckets = new Map<number, { ohlc: Ohlc<Price>; volume: bigint; count: number }>();

  constructor(interval: Interval) {
    this.#interval = interval;
  }

  /** Adds a trade, or a bar of a shorter interval (its count of trades with it). */
  add(timeMs: number, ohlc: Ohlc<Price>, volume: bigint, count = 1): void {
    const openMs = bucketOpenMs(this.#interval, timeMs);
    const bucket = this.#buckets.get(openMs);
    if (bucket === undefined) this.#buckets.set(openMs, { ohlc, volume, count });
    else {
      bucket.ohlc = mergeOhlc(bucket.ohlc, ohlc) ?? ohlc;
      bucket.volume += volume;
      bucket.count += count;
    }
  }

  bars(): Bar<Price>[] {
    return [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([openMs, { ohlc, volume, count }]) => ({
        openMs,
        open: ohlc.open,
        high: ohlc.high,
        low: ohlc.low,
        close: ohlc.close,
        volume,
        count,
      }));
  }
}

/** Applies the rule for the open to bars in order of time; `before` is the bar before the first, where known. */
export function applyOpenRule<Price extends number | bigint>(
  bars: readonly Bar<Price>[],
  rule: OpenRule,
  before?: Bar<Price>,
): Bar<Price>[] {
  if (rule === "first-trade") return [...bars];
  let previous = before;
  return bars.map((bar) => {
    const open = previous?.close ?? bar.open;
    previous = bar;
    return { ...bar, open, high: open > bar.high ? open : bar.high, low: open < bar.low ? open : bar.low };
  });
}

/** Fills the gaps between bars of one interval, in order of time, with flat bars. Throws a RangeError over `maxBars`. */
export function fillGaps<Price extends number | bigint>(
  bars: readonly Bar<Price>[],
  interval: Interval,
  maxBars = 1_000_000,
): Bar<Price>[] {
  const filled: Bar<Price>[] = [];
  for (const bar of bars) {
    const previous = filled.at(-1);
    if (previous !== undefined) {
      const missing = (bar.openMs - previous.openMs) / interval.ms - 1;
      if (filled.length + missing > maxBars) throw new RangeError(`filling needs more than ${maxBars} bars`);
      for (let openMs = previous.openMs + interval.ms; openMs < bar.openMs; openMs += interval.ms) {
        const { close } = previous;
        filled.push({ openMs, open: close, high: close, low: close, close, volume: 0n, count: 0 });
      }
    }
    filled.push(bar);
  }
  return filled;
}
