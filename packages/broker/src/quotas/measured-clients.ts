import { MeasuredRate } from "./measured-rate.ts";

/** Above so many, what has been silent is forgotten before another one is measured. */
const MAX_MEASURED = 10_000;

export interface Client {
  readonly user: string;
  readonly clientId: string;
}

/** The rates of clients with quotas, by what they share a bound with. */
export class MeasuredClients {
  readonly #measured = new Map<string, MeasuredRate>();

  of(share: string, nowMs: number): MeasuredRate {
    const known = this.#measured.get(share);
    if (known !== undefined) return known;
    if (this.#measured.size >= MAX_MEASURED) this.#forgetSilent(nowMs);
    const measured = new MeasuredRate();
    this.#measured.set(share, measured);
    return measured;
  }

  #forgetSilent(nowMs: number): void {
    for (const [share, measured] of this.#measured) {
      if (measured.total(nowMs) === 0) this.#measured.delete(share);
    }
    // Where all are busy the oldest ones begin anew: a bound on memory counts more than one on rates.
    for (const share of this.#measured.keys()) {
      if (this.#measured.size < MAX_MEASURED) break;
      this.#measured.delete(share);
    }
  }
}
