import { DevnetError } from "../devnet-error.ts";
import { Random, type Seed, TOPIC } from "../encoding/random.ts";

/** How often the node misbehaves, each as a share of requests. All are 0 unless told. */
export interface FaultRates {
  /** HTTP 429 with Retry-After. */
  readonly rateLimited: number;
  /** HTTP 500. */
  readonly serverError: number;
  /** The connection is cut in the middle of the answer. */
  readonly cutConnection: number;
  /** A whole answer of HTTP whose JSON ends too early. */
  readonly truncatedBody: number;
  /** A WebSocket is cut when it is to be notified. */
  readonly cutSubscription: number;
  /** A block is told as confirmed some slots before it can be read. */
  readonly lateBlock: number;
}

export const NO_FAULTS: FaultRates = {
  rateLimited: 0,
  serverError: 0,
  cutConnection: 0,
  truncatedBody: 0,
  cutSubscription: 0,
  lateBlock: 0,
};

export type RequestFault = "rate-limited" | "server-error" | "cut-connection" | "truncated-body";

/** Decides from the seed and the number of a request what goes wrong with it. */
export class FaultPlan {
  readonly #seed: Seed;
  readonly #rates: FaultRates;
  #requests = 0;
  #notifications = 0;

  /** Throws a DevnetError (INVALID_OPTION) for a rate outside 0 to 1. */
  constructor(seed: Seed, rates: FaultRates) {
    for (const [name, rate] of Object.entries(rates)) {
      if (typeof rate !== "number" || !(rate >= 0 && rate <= 1)) {
        throw new DevnetError("INVALID_OPTION", `devnet fault ${name} must be from 0 to 1, not ${rate}.`);
      }
    }
    this.#seed = seed;
    this.#rates = rates;
  }

  nextRequest(): RequestFault | null {
    const { rateLimited, serverError, cutConnection, truncatedBody } = this.#rates;
    let at = new Random(this.#seed, TOPIC.fault, this.#requests++).float();
    const table: readonly (readonly [number, RequestFault])[] = [
      [rateLimited, "rate-limited"],
      [serverError, "server-error"],
      [cutConnection, "cut-connection"],
      [truncatedBody, "truncated-body"],
    ];
    for (const [rate, fault] of table) {
      if (at < rate) return fault;
      at -= rate;
    }
    return null;
  }

  cutsNextNotification(): boolean {
    const { cutSubscription } = this.#rates;
    return (
      cutSubscription > 0 &&
      new Random(this.#seed, TOPIC.fault, this.#notifications++, 1).chance(cutSubscription)
    );
  }
}
