import type { DevnetClock } from "../src/rpc/clock.ts";

interface Waiter {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that a test moves by hand; who waits is woken when its time is reached. */
export class TestClock implements DevnetClock {
  #now: number;
  #waiters: Waiter[] = [];

  constructor(unixMs: number) {
    this.#now = unixMs;
  }

  now(): number {
    return this.#now;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { atMs: this.#now + ms, wake: resolve };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#waiters.filter(({ atMs }) => atMs <= this.#now);
    this.#waiters = this.#waiters.filter(({ atMs }) => atMs > this.#now);
    for (const { wake } of due) wake();
  }
}
