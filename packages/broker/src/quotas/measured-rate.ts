/** Kafka's quota.window.num and quota.window.size.seconds: the present second, and ten whole ones before it. */
export const WHOLE_WINDOWS = 10;
export const WINDOW_MS = 1000;

interface Window {
  readonly startMs: number;
  amount: number;
}

/** Bytes, or milliseconds of work, per second over the last ten seconds and the present one, as Apache Kafka's quotas measure them. */
export class MeasuredRate {
  #windows: Window[] = [];

  /** Adds an amount; a negative one takes away what was added and did not happen. */
  add(amount: number, nowMs: number): void {
    this.#drop(nowMs);
    let last = this.#windows.at(-1);
    if (last === undefined || nowMs - last.startMs >= WINDOW_MS) {
      last = { startMs: nowMs, amount: 0 };
      this.#windows.push(last);
    }
    last.amount += amount;
  }

  #drop(nowMs: number): void {
    const oldestMs = nowMs - (WHOLE_WINDOWS + 1) * WINDOW_MS;
    // A clock that is set back must not keep what it counted for ever.
    this.#windows = this.#windows.filter(({ startMs }) => startMs > oldestMs && startMs <= nowMs);
  }

  total(nowMs: number): number {
    this.#drop(nowMs);
    return this.#windows.reduce((sum, window) => sum + window.amount, 0);
  }

  /** The time that the total is spread over: never less than ten seconds, so that a burst may be ten times the rate. */
  spanMs(nowMs: number): number {
    const firstMs = this.#windows[0]?.startMs ?? nowMs;
    return Math.max(nowMs - firstMs, ((nowMs - firstMs) % WINDOW_MS) + WHOLE_WINDOWS * WINDOW_MS);
  }

  /** How long there must be silence until the rate is down to the bound; 0 where it is not above it. */
  excessMs(perSecond: number, nowMs: number): number {
    const spanMs = this.spanMs(nowMs);
    const rate = (this.total(nowMs) / spanMs) * 1000;
    return rate <= perSecond ? 0 : Math.round(((rate - perSecond) / perSecond) * spanMs);
  }
}
