import type { Kline } from "@candlewick/contracts";
import { dropOldest } from "./oldest-entry.ts";

/**
 * The candles of one pair and interval as its subscribers have them: knows the revision of each, so that
 * none is sent again in an older form.
 */
export class CandleFeed {
  readonly #revisions = new Map<number, number>();
  readonly #maxKnown: number;
  /** Candles that opened at or before it were forgotten to bound memory: what is newer there cannot be told. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(maxKnown: number) {
    this.#maxKnown = maxKnown;
  }

  /** Whether this candle is newer than what subscribers have; if so it is taken as what they have now. */
  accept(kline: Kline): boolean {
    const known = this.#revisions.get(kline.open_time);
    if (known === undefined && kline.open_time <= this.#forgottenMs) return false;
    if (known !== undefined && kline.revision <= known) return false;
    this.#revisions.set(kline.open_time, kline.revision);
    if (this.#revisions.size > this.#maxKnown) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const times = [...this.#revisions.keys()].sort((a, b) => a - b);
    // A quarter at once, so that sorting is rare.
    for (const time of times.slice(0, Math.ceil(this.#maxKnown / 4))) {
      this.#revisions.delete(time);
      this.#forgottenMs = time;
    }
  }
}

/** The newer form of every candle of both lists, in order of time, the last `limit`. */
export function mergeKlines(a: Iterable<Kline>, b: Iterable<Kline>, limit: number): Kline[] {
  const byTime = new Map<number, Kline>();
  for (const list of [a, b]) {
    for (const kline of list) {
      const known = byTime.get(kline.open_time);
      if (known === undefined || kline.revision > known.revision) byTime.set(kline.open_time, kline);
    }
  }
  return [...byTime.values()].sort((x, y) => x.open_time - y.open_time).slice(-limit);
}

/** The candles of one series that changed last, bounded: the one that changed longest ago is forgotten first. */
export class ChangedKlines {
  readonly #byTime = new Map<number, { readonly kline: Kline; readonly atMs: number }>();
  readonly #maxKlines: number;

  constructor(maxKlines: number) {
    this.#maxKlines = maxKlines;
  }

  /** Takes a candle that came at `atMs`, unless a newer form of it is here. */
  add(kline: Kline, atMs: number): void {
    const known = this.#byTime.get(kline.open_time);
    if (known !== undefined && known.kline.revision >= kline.revision) return;
    this.#byTime.delete(kline.open_time);
    this.#byTime.set(kline.open_time, { kline, atMs });
    if (this.#byTime.size > this.#maxKlines) dropOldest(this.#byTime);
  }

  /** Those that came at `sinceMs` or later. */
  since(sinceMs: number): Kline[] {
    return [...this.#byTime.values()].filter(({ atMs }) => atMs >= sinceMs).map(({ kline }) => kline);
  }
}

const KEPT_PER_SERIES = 8;

/**
 * The latest live candles of every series, bounded: what the market has published but the store may not
 * hold yet, so that a snapshot misses nothing. The series that was quiet longest is forgotten first.
 */
export class RecentKlines {
  readonly #series = new Map<string, ChangedKlines>();
  readonly #maxSeries: number;

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  add(kline: Kline, atMs: number): void {
    const name = seriesName(kline.pair_addr, kline.interval);
    const series = this.#series.get(name) ?? new ChangedKlines(KEPT_PER_SERIES);
    series.add(kline, atMs);
    this.#series.delete(name);
    this.#series.set(name, series);
    if (this.#series.size > this.#maxSeries) dropOldest(this.#series);
  }

  since(sinceMs: number, pair: string, interval: string): Kline[] {
    return this.#series.get(seriesName(pair, interval))?.since(sinceMs) ?? [];
  }

  get size(): number {
    return this.#series.size;
  }
}

function seriesName(pair: string, interval: string): string {
  return `${pair}:${interval}`;
}
