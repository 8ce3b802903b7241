import type { MinuteClose } from "@candlewick/store";

/** A price in both currencies; null where unknown. */
export interface PairPrice {
  readonly base: number | null;
  readonly usd: number | null;
}

/** Where a pair's price stood at the end of each bucket of the shortest interval: sparse, in order of time. */
export class PriceHistory {
  readonly #bucketMs: number;
  readonly #keepMs: number;
  #closes: MinuteClose[];

  /** `closes` in order of time; what is older than `keepMs` before the newest is forgotten. */
  constructor(closes: readonly MinuteClose[], bucketMs: number, keepMs: number) {
    this.#closes = [...closes];
    this.#bucketMs = bucketMs;
    this.#keepMs = keepMs;
  }

  /** Sets the close of a bucket; null takes the bucket out again. */
  set(openMs: number, price: PairPrice | null): void {
    const at = this.#firstAtOrAfter(openMs);
    const known = this.#closes[at]?.openMs === openMs;
    if (price === null) {
      if (known) this.#closes.splice(at, 1);
      return;
    }
    this.#closes.splice(at, known ? 1 : 0, { openMs, ...price });
    const newest = this.#closes.at(-1)?.openMs ?? openMs;
    const keepFrom = this.#firstAtOrAfter(newest - this.#keepMs);
    // One older close stays: it is the price at the beginning of the window.
    if (keepFrom > 64) this.#closes = this.#closes.slice(keepFrom - 1);
  }

  /** The newest close. */
  last(): PairPrice | null {
    return this.#closes.at(-1) ?? null;
  }

  /** The close of the last bucket that had ended at `timeMs`; null where the pair had no price yet. */
  at(timeMs: number): PairPrice | null {
    return this.#closes[this.#firstAtOrAfter(timeMs - this.#bucketMs + 1) - 1] ?? null;
  }

  #firstAtOrAfter(openMs: number): number {
    let low = 0;
    let high = this.#closes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#closes[middle]?.openMs ?? 0) < openMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
