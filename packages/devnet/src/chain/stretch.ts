import type { Coin } from "./coin.ts";
import type { Fill } from "./fill.ts";
import type { Pool, PoolState } from "./pool.ts";

/** The state of all pools starts anew from their price walks every so many slots. */
export const STRETCH_SLOTS = 32;

/**
 * The pools' states inside one stretch of slots. A pool enters the stretch as its price walk says, and
 * moves by its trades from there: so any block can be made by at most one stretch of replay, without
 * the history before it. Trades lean towards the walk, so that little is left to jump at the seam.
 */
export class Stretch {
  readonly startIndex: number;
  readonly coins: readonly Coin[];
  readonly #states = new Map<number, PoolState>();

  constructor(startIndex: number, coins: readonly Coin[]) {
    this.startIndex = startIndex;
    this.coins = coins;
  }

  stateOf(pool: Pool): PoolState {
    const known = this.#states.get(pool.number);
    if (known !== undefined) return known;
    const state = pool.stateAt(this.startIndex);
    this.#states.set(pool.number, state);
    return state;
  }

  apply(fill: Fill): void {
    this.#states.set(fill.pool.number, fill.after);
  }
}
