import type { Clock } from "@candlewick/runtime";

/** What was missed while something else took its time is caught up with for at most so long. */
const CATCH_UP_MS = 1_000;
/** Timers of more than 24 days fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keeps what a run sends to a rate, from its first message to its last. */
export class SendPace {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  #nextMs: number | null = null;

  /** Without a rate nothing waits. */
  constructor(clock: Clock, ratePerSecond: number | undefined) {
    this.#clock = clock;
    this.#pauseMs = ratePerSecond === undefined ? 0 : 1_000 / ratePerSecond;
  }

  /** Resolves when the next message may be sent, or when the signal fires. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const waitMs = (this.#nextMs ?? 0) - this.#clock.monotonic();
      if (this.#nextMs === null || waitMs <= 0 || signal?.aborted === true) return;
      await this.#clock.delay(Math.min(waitMs, LONGEST_TIMER_MS), signal).catch((error: unknown) => {
        if (signal?.aborted !== true) throw error;
      });
    }
  }

  /** A message is sent now. */
  take(): void {
    const nowMs = this.#clock.monotonic();
    this.#nextMs = Math.max(this.#nextMs ?? nowMs, nowMs - CATCH_UP_MS) + this.#pauseMs;
  }
}
