import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import type { CandleChange, ChartCandle } from "./candle-model.ts";
import { type ChartColours, chartColours, chartOptions } from "./chart-theme.ts";
import { byId, element, notice } from "./element.ts";
import { locale, text } from "./language.ts";
import { amountText, axisText, percentText, priceBase, priceText } from "./number-text.ts";

/** How many candles are left before the first when older ones are asked for. */
const EDGE_CANDLES = 30;

/** What is shown over the chart where there are no candles. */
export interface ChartNotice {
  readonly title: string;
  readonly advice: string;
  readonly action?: { label: string; run: () => void };
}

/** Candles with their volume, and the values of the one below the pointer. */
export class CandleChart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volumes: ISeriesApi<"Histogram">;
  readonly #legend = byId("legend");
  readonly #notice = byId("chart-notice");
  #colours: ChartColours = chartColours();
  #shown: readonly ChartCandle[] = [];
  #hovered: ChartCandle | null = null;
  #priceBase = 100;
  #unit = "";

  /** `onEdge`: the first candle comes near the left border. */
  constructor(onEdge: () => void) {
    this.#chart = createChart(byId("chart"), { autoSize: true, ...chartOptions(this.#colours) });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: {
        type: "custom",
        formatter: (value: number) => amountText(value, locale()),
        minMove: 0.01,
      },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#colour();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#recolour());
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range !== null && range.from < EDGE_CANDLES && this.#shown.length > 0) onEdge();
    });
    this.#chart.subscribeCrosshairMove(({ time }) => {
      const timeMs = typeof time === "number" ? time * 1000 : null;
      this.#hovered = this.#shown.find((candle) => candle.timeMs === timeMs) ?? null;
      this.#showLegend();
    });
  }

  /** Draws all candles. `fit`: goes to the newest, as for a new series; else the view stays where it is. */
  draw(candles: readonly ChartCandle[], view: { fit: boolean; unit: string }): void {
    const added = candles.length - this.#shown.length;
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    const grewBefore = added > 0 && candles.at(-1)?.timeMs === this.#shown.at(-1)?.timeMs;
    this.#shown = candles;
    this.#unit = view.unit;
    this.#setPriceFormat(candles.at(-1)?.close ?? 1);
    this.#candles.setData(candles.map(candleData));
    this.#volumes.setData(candles.map((candle) => this.#volumeData(candle)));
    if (view.fit) {
      this.#chart.priceScale("right").applyOptions({ autoScale: true });
      const bars = Math.floor(this.#chart.timeScale().width() / 8);
      this.#chart.timeScale().setVisibleLogicalRange({ from: candles.length - bars, to: candles.length + 3 });
    } else if (grewBefore && range !== null) {
      this.#chart.timeScale().setVisibleLogicalRange({ from: range.from + added, to: range.to + added });
    }
    this.#showLegend();
  }

  /** Draws one candle that changed. */
  update(candle: ChartCandle, change: Exclude<CandleChange, "none">, all: readonly ChartCandle[]): void {
    this.#shown = all;
    const earlier = change === "earlier";
    if (priceBase(candle.close) > this.#priceBase) this.#setPriceFormat(candle.close);
    this.#candles.update(candleData(candle), earlier);
    this.#volumes.update(this.#volumeData(candle), earlier);
    if (this.#hovered?.timeMs === candle.timeMs) this.#hovered = candle;
    this.#showLegend();
  }

  /** Shows a message in the place of candles; null takes it away. */
  setNotice(message: ChartNotice | "loading" | null): void {
    this.#notice.hidden = message === null;
    if (message === null) this.#notice.replaceChildren();
    else if (message === "loading") {
      this.#notice.replaceChildren(
        element("div", { class: "spinner", role: "status", "aria-label": text("loading") }),
      );
    } else this.#notice.replaceChildren(notice(message.title, message.advice, message.action));
  }

  /** The words are in another language now. */
  translate(): void {
    this.#chart.applyOptions({ localization: { locale: locale() } });
    this.#showLegend();
  }

  #showLegend(): void {
    const candle = this.#hovered ?? this.#shown.at(-1);
    if (candle === undefined) {
      this.#legend.replaceChildren();
      return;
    }
    const at = this.#shown.indexOf(candle);
    const before = this.#shown[at - 1]?.close ?? candle.open;
    const change = before === 0 ? null : candle.close / before - 1;
    const tone = candle.close >= candle.open ? "up" : "down";
    const entry = (label: string, value: string) =>
      element(
        "span",
        {},
        element("span", { class: "muted" }, label),
        element("span", { class: tone }, value),
      );
    this.#legend.replaceChildren(
      entry(text("open"), priceText(candle.open)),
      entry(text("high"), priceText(candle.high)),
      entry(text("low"), priceText(candle.low)),
      entry(text("close"), priceText(candle.close)),
      element("span", { class: tone }, percentText(change)),
      entry(text("volume"), `${amountText(candle.volume, locale())} ${this.#unit}`),
    );
  }

  #setPriceFormat(price: number): void {
    this.#priceBase = priceBase(price);
    this.#candles.applyOptions({
      priceFormat: {
        type: "custom",
        formatter: (value: number) => axisText(value, price),
        minMove: 1 / this.#priceBase,
        base: this.#priceBase,
      },
    });
  }

  #recolour(): void {
    this.#colours = chartColours();
    this.#chart.applyOptions(chartOptions(this.#colours));
    this.#colour();
    this.#volumes.setData(this.#shown.map((candle) => this.#volumeData(candle)));
  }

  #colour(): void {
    const { up, down } = this.#colours;
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
  }

  #volumeData({ timeMs, open, close, volume }: ChartCandle): HistogramData<UTCTimestamp> {
    const color = close >= open ? this.#colours.upSoft : this.#colours.downSoft;
    return { time: chartTime(timeMs), value: volume, color };
  }
}

function candleData({ timeMs, open, high, low, close }: ChartCandle): CandlestickData<UTCTimestamp> {
  return { time: chartTime(timeMs), open, high, low, close };
}

/** The chart counts in unix seconds and shows them as UTC. */
function chartTime(timeMs: number): UTCTimestamp {
  return (timeMs / 1000) as UTCTimestamp;
}
