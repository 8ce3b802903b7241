import type { Clock } from "@candlewick/runtime";

/** Revisions of published candles: they grow with every call, over restarts too, because they start from the time. */
export class Revisions {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): number {
    // Microseconds since the epoch stay below 2^53 until the year 2255.
    this.#last = Math.max(this.#last + 1, this.#clock.now() * 1000);
    return this.#last;
  }
}
