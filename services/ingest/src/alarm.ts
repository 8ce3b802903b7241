import type { Clock } from "@candlewick/runtime";

/** A wait that ends by time or by a ring, whichever comes first. A ring before the wait counts for it. */
export class Alarm {
  readonly #clock: Clock;
  #ringing = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#ringing.resolve();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const timer = this.#clock.delay(ms, AbortSignal.any([signal, over.signal]));
    try {
      await Promise.race([this.#ringing.promise, timer]);
    } finally {
      over.abort();
      // Where the ring came first the timer's rejection is our own doing.
      timer.catch(() => {});
      this.#ringing = Promise.withResolvers<void>();
    }
    signal.throwIfAborted();
  }
}
