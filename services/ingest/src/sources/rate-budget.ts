/** A token bucket: how many calls an endpoint may get per second, with as much saved up as one second gives. */
export class RateBudget {
  readonly #perSecond: number | null;
  #tokens: number;
  #atMs: number;

  /** Null: no bound. */
  constructor(perSecond: number | null, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond ?? 0);
    this.#atMs = nowMs;
  }

  /** How long until a call may be made. */
  waitMs(nowMs: number): number {
    if (this.#perSecond === null) return 0;
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#perSecond) * 1000;
  }

  take(nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= 1;
  }

  #refill(nowMs: number): void {
    if (this.#perSecond === null) return;
    const gained = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + gained);
    this.#atMs = nowMs;
  }
}
