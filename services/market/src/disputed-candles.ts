/** A pair at a time: it stands for the candles of all intervals that hold it. */
export interface PairMoment {
  readonly pair: string;
  readonly timeMs: number;
}

const DEFAULT_LIMIT = 50_000;

/**
 * The candles whose last published value may not be true: the view could not follow a change of theirs, or
 * the message did not arrive. They are published again, from PostgreSQL where the view does not hold them.
 */
export class DisputedCandles {
  readonly #moments = new Map<string, PairMoment>();
  readonly #limit: number;
  #overflow = 0;

  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#moments.size;
  }

  /** `timeMs`: any time in the candles. */
  add(pair: string, timeMs: number): void {
    const name = `${timeMs}:${pair}`;
    if (this.#moments.has(name)) return;
    if (this.#moments.size >= this.#limit) this.#overflow += 1;
    else this.#moments.set(name, { pair, timeMs });
  }

  /** Takes all moments out, to publish their candles. */
  takeAll(): PairMoment[] {
    const moments = [...this.#moments.values()];
    this.#moments.clear();
    return moments;
  }

  /** How many did not fit since the last call. */
  takeOverflow(): number {
    const overflow = this.#overflow;
    this.#overflow = 0;
    return overflow;
  }
}
