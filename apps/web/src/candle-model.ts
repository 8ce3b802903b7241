import type { CandleView, Currency, Kline } from "./wire.ts";

/** A candle as the chart draws it. `timeMs` is the opening time in milliseconds. */
export interface ChartCandle {
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly trades: number;
  readonly revision: number;
}

/** What an update did: a candle after the last, the last one, one before it, or nothing. */
export type CandleChange = "appended" | "last" | "earlier" | "none";

/** The candles on the chart, by time, of one series in one currency. */
export class CandleModel {
  #candles: ChartCandle[] = [];

  get candles(): readonly ChartCandle[] {
    return this.#candles;
  }

  get last(): ChartCandle | undefined {
    return this.#candles.at(-1);
  }

  /**
   * Takes the newest candles as the server has them: they replace what is here from their first on. Where
   * there would be a hole between the two, what is here goes.
   */
  snapshot(klines: readonly Kline[], currency: Currency): void {
    const fresh = klines.flatMap((kline) => chartCandle(kline, currency));
    const firstMs = klines[0]?.open_time;
    const lastMs = this.last?.timeMs;
    const joins = firstMs !== undefined && lastMs !== undefined && lastMs >= firstMs;
    const older = joins ? this.#candles.filter((candle) => candle.timeMs < firstMs) : [];
    this.#candles = [...older, ...fresh];
  }

  /** Takes a changed candle; an older revision than the one here changes nothing. */
  update(kline: Kline, currency: Currency): CandleChange {
    const [candle] = chartCandle(kline, currency);
    if (candle === undefined) return "none";
    const last = this.last;
    if (last === undefined || candle.timeMs > last.timeMs) {
      this.#candles.push(candle);
      return "appended";
    }
    const at = this.#candles.findLastIndex((known) => known.timeMs <= candle.timeMs);
    const known = this.#candles[at];
    if (known?.timeMs === candle.timeMs) {
      if (known.revision >= candle.revision) return "none";
      this.#candles[at] = candle;
      return at === this.#candles.length - 1 ? "last" : "earlier";
    }
    // Before the first candle here: it comes with the history when that is loaded.
    if (at < 0) return "none";
    this.#candles.splice(at + 1, 0, candle);
    return "earlier";
  }

  /** Puts older candles before those that are here; returns how many were new. */
  prepend(views: readonly CandleView[]): number {
    const firstMs = this.#candles[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    const older = views
      .filter((view) => view.open_time < firstMs)
      .map(({ open_time, open, high, low, close, volume, trades, revision }) => ({
        ...{ timeMs: open_time, open, high, low, close, trades, revision },
        volume: Number(volume),
      }));
    this.#candles = [...older, ...this.#candles];
    return older.length;
  }

  clear(): void {
    this.#candles = [];
  }
}

function chartCandle(kline: Kline, currency: Currency): ChartCandle[] {
  const prices = kline[currency];
  if (prices === null) return [];
  const { open, high, low, close } = prices;
  const volume = Number(currency === "usd" ? kline.usd_volume : kline.base_volume);
  const { open_time: timeMs, trades, revision } = kline;
  return [{ timeMs, open, high, low, close, volume, trades, revision }];
}
