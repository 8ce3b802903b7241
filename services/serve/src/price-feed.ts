import type { PriceChange } from "@candlewick/contracts";
import { dropOldest } from "./oldest-entry.ts";

/** The price of every pair now, bounded, and which of them changed since the last look. */
export class PriceFeed {
  readonly #latest = new Map<string, PriceChange>();
  readonly #changed = new Set<string>();
  readonly #maxPairs: number;

  constructor(maxPairs: number) {
    this.#maxPairs = maxPairs;
  }

  put(change: PriceChange): void {
    // Set anew at the end: the pair that was quiet longest is the first to be forgotten.
    this.#latest.delete(change.pair_addr);
    this.#latest.set(change.pair_addr, change);
    this.#changed.add(change.pair_addr);
    if (this.#latest.size > this.#maxPairs) dropOldest(this.#latest);
  }

  of(pair: string): PriceChange | undefined {
    return this.#latest.get(pair);
  }

  /** What changed since the last call, each pair once with its last value. */
  takeChanged(): PriceChange[] {
    const taken: PriceChange[] = [];
    for (const pair of this.#changed) {
      const change = this.#latest.get(pair);
      if (change !== undefined) taken.push(change);
    }
    this.#changed.clear();
    return taken;
  }
}
