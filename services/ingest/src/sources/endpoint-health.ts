/** How much the newest measurement counts. */
const WEIGHT = 0.1;
const LATENCIES_KEPT = 64;
/** Until it is measured. */
const ASSUMED_MS = 200;

/** How fast and how reliably an endpoint answers, as its last answers tell. */
export class EndpointHealth {
  #latencyMs = ASSUMED_MS;
  #failureShare = 0;
  readonly #blockLatenciesMs: number[] = [];

  succeeded(ms: number): void {
    this.#latencyMs += (ms - this.#latencyMs) * WEIGHT;
    this.#failureShare -= this.#failureShare * WEIGHT;
  }

  failed(): void {
    this.#failureShare += (1 - this.#failureShare) * WEIGHT;
  }

  blockCame(ms: number): void {
    this.#blockLatenciesMs.push(ms);
    if (this.#blockLatenciesMs.length > LATENCIES_KEPT) this.#blockLatenciesMs.shift();
  }

  /** Lower is better: the time that an answer takes, failures in between counted as some more of it. */
  get score(): number {
    return Math.max(1, this.#latencyMs) * (1 + 9 * this.#failureShare);
  }

  /** In which time 95 % of the last blocks came; null before there were enough of them. */
  get blockP95Ms(): number | null {
    const sorted = this.#blockLatenciesMs.toSorted((a, b) => a - b);
    return sorted.length < 8 ? null : (sorted[Math.floor(sorted.length * 0.95)] ?? null);
  }
}
