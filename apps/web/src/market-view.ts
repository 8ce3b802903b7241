import { ApiError, fetchCandles } from "./api.ts";
import { CandleChart } from "./candle-chart.ts";
import { CandleModel } from "./candle-model.ts";
import type { Feed } from "./feed.ts";
import { text } from "./language.ts";
import { assetName } from "./pair-name.ts";
import type { Currency, IntervalName, Kline, PairView, Subscription } from "./wire.ts";

const OLDER_CANDLES = 500;

/** What the chart shows. */
export interface Series {
  readonly pair: string;
  readonly interval: IntervalName;
  readonly currency: Currency;
}

/** The chart of the selected pair: follows its candles and loads older ones as they come into view. */
export class MarketView {
  readonly #feed: Feed;
  readonly #model = new CandleModel();
  readonly #chart = new CandleChart(() => this.#loadOlder());
  #series: Series | null = null;
  #subscription: Subscription | null = null;
  #pair: PairView | null = null;
  #drawn = false;
  /** Set while older candles are being loaded; aborted when the series changes. */
  #loading: AbortController | null = null;
  #complete = false;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Shows another series, or none. */
  select(series: Series | null): void {
    if (this.#subscription !== null) this.#feed.unsubscribe(this.#subscription);
    this.#subscription = null;
    this.#series = series;
    this.#loading?.abort();
    this.#loading = null;
    this.#complete = false;
    this.#drawn = false;
    this.#model.clear();
    this.#chart.draw([], { fit: false, unit: "" });
    this.#chart.setNotice(series === null ? null : "loading");
    if (series === null) return;
    const { pair, interval } = series;
    this.#subscription = { channel: "candles", pair, interval };
    this.#feed.subscribe(this.#subscription);
  }

  setPair(pair: PairView | null): void {
    const unit = this.#unit();
    this.#pair = pair;
    // Candles can come before what is known of their pair.
    if (this.#drawn && this.#unit() !== unit) {
      this.#chart.draw(this.#model.candles, { fit: false, unit: this.#unit() });
    }
  }

  snapshot(pair: string, interval: string, klines: readonly Kline[]): void {
    if (this.#series === null || !this.#shows(pair, interval)) return;
    const before = this.#model.candles[0]?.timeMs;
    this.#model.snapshot(klines, this.#series.currency);
    // The history here may have been dropped for a hole: then there is more to load again.
    if (before === undefined || (this.#model.candles[0]?.timeMs ?? 0) > before) this.#complete = false;
    this.#chart.draw(this.#model.candles, { fit: !this.#drawn, unit: this.#unit() });
    this.#drawn = true;
    this.#showNotice(klines.length > 0);
  }

  update(pair: string, interval: string, kline: Kline): void {
    if (this.#series === null || !this.#drawn || !this.#shows(pair, interval)) return;
    const change = this.#model.update(kline, this.#series.currency);
    if (change === "none") return;
    const candles = this.#model.candles;
    const at = candles.findLast((candle) => candle.timeMs === kline.open_time);
    if (at === undefined) return;
    if (candles.length === 1) this.#chart.draw(candles, { fit: true, unit: this.#unit() });
    else this.#chart.update(at, change, candles);
    this.#showNotice(true);
  }

  /** The server could not give this series. */
  failed(message: string, advice: string): void {
    const retry = { label: text("retry"), run: () => this.select(this.#series) };
    this.#chart.setNotice({ title: text("failed"), advice: `${message} ${advice}`, action: retry });
  }

  translate(): void {
    this.#chart.translate();
    if (this.#drawn) this.#showNotice(true);
  }

  #shows(pair: string, interval: string): boolean {
    return this.#series?.pair === pair && this.#series.interval === interval;
  }

  #unit(): string {
    if (this.#series?.currency === "usd") return "USD";
    return this.#pair === null ? "" : assetName(this.#pair.base);
  }

  #showNotice(traded: boolean): void {
    if (this.#model.candles.length > 0) this.#chart.setNotice(null);
    else if (traded && this.#series?.currency === "usd") {
      const base = this.#pair === null ? "SOL" : assetName(this.#pair.base);
      this.#chart.setNotice({ title: text("noUsd"), advice: text("noUsdAdvice", { base }) });
    } else this.#chart.setNotice({ title: text("noCandles"), advice: text("noCandlesAdvice") });
  }

  #loadOlder(): void {
    const series = this.#series;
    const first = this.#model.candles[0];
    if (series === null || first === undefined || this.#loading !== null || this.#complete) return;
    const loading = new AbortController();
    this.#loading = loading;
    fetchCandles({ ...series, toMs: first.timeMs, limit: OLDER_CANDLES }, loading.signal).then(
      (candles) => {
        if (this.#loading !== loading) return;
        this.#loading = null;
        if (candles.length < OLDER_CANDLES) this.#complete = true;
        if (this.#model.prepend(candles) > 0) {
          this.#chart.draw(this.#model.candles, { fit: false, unit: this.#unit() });
        }
      },
      (error: unknown) => {
        if (this.#loading !== loading) return;
        // Scrolling on asks again; what is drawn stays.
        this.#loading = null;
        if (!(error instanceof ApiError || error instanceof TypeError)) throw error;
      },
    );
  }
}
