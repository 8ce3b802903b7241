import type { Clock, Timer } from "./clock.ts";

/** For tests: a clock that stands still until it is moved; timers fire in the order of their times. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<{ dueMs: number; readonly action: () => void }>();

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, action };
    this.#timers.add(timer);
    return {
      restart: () => {
        timer.dueMs = this.#nowMs + delayMs;
        this.#timers.add(timer);
      },
      cancel: () => void this.#timers.delete(timer),
    };
  }

  /** Moves the time on; what becomes due on the way happens at its time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(({ dueMs }) => dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.action();
    }
    this.#nowMs = endMs;
  }
}
