import {
  type Asset,
  bodyOfTrade,
  bucketOpenMs,
  type Candle,
  type CandleBody,
  type Interval,
  mergeBodies,
  type Trade,
} from "@candlewick/domain";
import type { Pair, PairSnapshot } from "@candlewick/store";
import { PriceHistory } from "./price-history.ts";

/** One bucket: what can no longer be taken out, and that together with the pending trades. */
interface Bucket {
  settled: CandleBody | null;
  view: CandleBody | null;
}

/** Where and when a trade was: slot, and block time in unix seconds. */
interface TradeMoment {
  readonly slot: number;
  readonly time: number;
}

/** Which candle of a pair. */
export interface CandlePlace {
  readonly interval: string;
  readonly openMs: number;
}

/** A candle whose trades were all taken out. */
export const EMPTY_CANDLE: CandleBody = {
  base: null,
  usd: null,
  tokenVolume: 0n,
  baseVolume: 0n,
  usdVolume: 0n,
  trades: 0,
  buyTokenVolume: 0n,
  buyBaseVolume: 0n,
  buys: 0,
};

/** The live view of one pair: the candles that can still change, and its prices of the last day. */
export class PairState {
  readonly chain: Pair["chain"];
  readonly pair: string;
  readonly assets: { readonly base: Asset; readonly token: Asset };
  readonly history: PriceHistory;
  /** The newest trade that can no longer be taken out. */
  #settledLast: TradeMoment;
  #last: TradeMoment;
  readonly #intervals: readonly Interval[];
  /** By interval name, then by opening time. */
  readonly #buckets = new Map<string, Map<number, Bucket>>();
  /** By interval: buckets that open before this time and are not held are not known here. */
  readonly #knownFromMs = new Map<string, number>();
  /** The same at first: buckets from then on that are not known any more were let go of. */
  readonly #firstKnownFromMs: ReadonlyMap<string, number>;
  readonly #touched = new Set<string>();

  constructor(
    pair: Pick<Pair, "chain" | "address" | "base" | "token">,
    intervals: readonly Interval[],
    knownFromMs = Number.NEGATIVE_INFINITY,
    snapshot?: PairSnapshot,
  ) {
    this.chain = pair.chain;
    this.pair = pair.address;
    this.assets = { base: pair.base, token: pair.token };
    this.#intervals = intervals;
    for (const { name } of intervals) {
      this.#buckets.set(name, new Map());
      this.#knownFromMs.set(name, knownFromMs);
    }
    for (const { candle } of snapshot?.latest ?? []) {
      this.#knownFromMs.set(candle.interval, candle.openMs);
      this.#buckets.get(candle.interval)?.set(candle.openMs, { settled: candle, view: candle });
    }
    this.#firstKnownFromMs = new Map(this.#knownFromMs);
    const shortest = shortestOf(intervals);
    this.history = new PriceHistory(snapshot?.closes ?? [], shortest.ms, DAY_MS + shortest.ms);
    this.#settledLast = lastOf(snapshot, shortest);
    this.#last = this.#settledLast;
  }

  /** The newest trade that counts. */
  get last(): TradeMoment {
    return this.#last;
  }

  /** The candles of all intervals that hold a time. */
  static placesOf(intervals: readonly Interval[], timeMs: number): CandlePlace[] {
    return intervals.map((interval) => ({ interval: interval.name, openMs: bucketOpenMs(interval, timeMs) }));
  }

  /** Adds a trade to the view. False where one of its buckets is older than what is known here. */
  add(trade: Trade, timeMs: number): boolean {
    const body = bodyOfTrade(trade);
    let complete = true;
    for (const interval of this.#intervals) {
      const openMs = bucketOpenMs(interval, timeMs);
      const bucket = this.#bucket(interval, openMs);
      if (bucket === null) complete = false;
      else this.#view(interval, openMs, bucket, bucket.view === null ? body : mergeBodies(bucket.view, body));
    }
    this.#last = later(this.#last, momentOf(trade));
    return complete;
  }

  /** Makes a trade of the view one that can no longer be taken out. */
  settle(trade: Trade, timeMs: number): void {
    const body = bodyOfTrade(trade);
    this.#settledLast = later(this.#settledLast, momentOf(trade));
    for (const interval of this.#intervals) {
      const bucket = this.#bucket(interval, bucketOpenMs(interval, timeMs));
      if (bucket !== null)
        bucket.settled = bucket.settled === null ? body : mergeBodies(bucket.settled, body);
    }
  }

  /** Computes the buckets of a trade that was taken out anew, from what is settled and what is still pending. */
  retract(timeMs: number, pending: readonly Trade[]): void {
    this.#last = pending.map(momentOf).reduce(later, this.#settledLast);
    for (const interval of this.#intervals) {
      const openMs = bucketOpenMs(interval, timeMs);
      const bucket = this.#bucket(interval, openMs);
      if (bucket === null) continue;
      let view = bucket.settled;
      for (const trade of pending) {
        const time = trade.block.time;
        if (time === null || bucketOpenMs(interval, time * 1000) !== openMs) continue;
        view = view === null ? bodyOfTrade(trade) : mergeBodies(view, bodyOfTrade(trade));
      }
      this.#view(interval, openMs, bucket, view);
    }
  }

  /**
   * Has the candles that hold a time told again. Returns those that are not known here: `unknown` never were,
   * `forgotten` were told and let go of.
   */
  touch(timeMs: number): { readonly unknown: CandlePlace[]; readonly forgotten: CandlePlace[] } {
    const unknown: CandlePlace[] = [];
    const forgotten: CandlePlace[] = [];
    for (const interval of this.#intervals) {
      const { name } = interval;
      const openMs = bucketOpenMs(interval, timeMs);
      if (this.#bucket(interval, openMs) !== null) this.#touched.add(`${name}:${openMs}`);
      else if (openMs < (this.#firstKnownFromMs.get(name) ?? Number.NEGATIVE_INFINITY))
        unknown.push({ interval: name, openMs });
      else forgotten.push({ interval: name, openMs });
    }
    return { unknown, forgotten };
  }

  /** The candles that changed since the last call. A candle without trades says that all of its were taken out. */
  takeChanged(): Candle[] {
    const changed = [...this.#touched].map((name) => {
      const [interval = "", openMs = "0"] = name.split(":");
      const bucket = this.#buckets.get(interval)?.get(Number(openMs));
      return {
        chain: this.chain,
        pair: this.pair,
        interval,
        openMs: Number(openMs),
        ...(bucket?.view ?? EMPTY_CANDLE),
      };
    });
    this.#touched.clear();
    return changed;
  }

  /** Forgets buckets that ended before `timeMs`, where nothing is pending any more; the newest one stays. */
  prune(timeMs: number): void {
    for (const interval of this.#intervals) {
      const buckets = this.#buckets.get(interval.name) ?? new Map<number, Bucket>();
      const newest = Math.max(...buckets.keys());
      for (const openMs of buckets.keys()) {
        if (openMs + interval.ms > timeMs || openMs === newest) continue;
        // What changed and was not told yet is kept until it is.
        if (this.#touched.has(`${interval.name}:${openMs}`)) continue;
        buckets.delete(openMs);
        this.#knownFromMs.set(
          interval.name,
          Math.max(this.#knownFromMs.get(interval.name) ?? openMs, openMs + interval.ms),
        );
      }
    }
  }

  #bucket(interval: Interval, openMs: number): Bucket | null {
    const buckets = this.#buckets.get(interval.name);
    const known = buckets?.get(openMs);
    if (known !== undefined) return known;
    if (openMs < (this.#knownFromMs.get(interval.name) ?? Number.NEGATIVE_INFINITY)) return null;
    const bucket: Bucket = { settled: null, view: null };
    buckets?.set(openMs, bucket);
    return bucket;
  }

  #view(interval: Interval, openMs: number, bucket: Bucket, view: CandleBody | null): void {
    bucket.view = view;
    this.#touched.add(`${interval.name}:${openMs}`);
    if (interval !== shortestOf(this.#intervals)) return;
    this.history.set(openMs, view?.base ? { base: view.base.close, usd: view.usd?.close ?? null } : null);
  }
}

const DAY_MS = 86_400_000;

function momentOf({ block }: Trade): TradeMoment {
  return { slot: block.slot, time: block.time ?? 0 };
}

function later(a: TradeMoment, b: TradeMoment): TradeMoment {
  return b.slot >= a.slot ? b : a;
}

/** Of a pair that has not traded lately only its last candle is known; its close key begins with the slot. */
function lastOf(snapshot: PairSnapshot | undefined, shortest: Interval): TradeMoment {
  // A trade without a price moves no price.
  const recent = snapshot?.recent.findLast(({ priceBase }) => priceBase !== null);
  if (recent !== undefined) return momentOf(recent.trade);
  const candle = snapshot?.latest.find((entry) => entry.candle.interval === shortest.name)?.candle;
  if (candle?.base == null) return { slot: 0, time: 0 };
  return { slot: Number.parseInt(candle.base.closeKey.slice(0, 14), 16), time: candle.openMs / 1000 };
}

function shortestOf(intervals: readonly Interval[]): Interval {
  return intervals.reduce((shortest, interval) => (interval.ms < shortest.ms ? interval : shortest));
}
