import { DevnetError } from "../devnet-error.ts";
import { Random, type Seed, TOPIC } from "../encoding/random.ts";

/** How often an endpoint misbehaves. All are 0 unless told. */
export interface FaultRates {
  /** Share of requests: HTTP 429 with Retry-After. */
  readonly rateLimited: number;
  /** Share of requests: HTTP 500. */
  readonly serverError: number;
  /** Share of requests: the connection is cut in the middle of the answer. */
  readonly cutConnection: number;
  /** Share of requests: a whole answer of HTTP whose JSON ends too early. */
  readonly truncatedBody: number;
  /** Share of requests: no answer at all, and the connection stays open. */
  readonly hang: number;
  /** Share of requests: JSON as it should be, in which one field is not what it should be. */
  readonly malformedField: number;
  /** Share of requests: a block that names another parent than its own. */
  readonly wrongParent: number;
  /** Share of blocks: the endpoint shows another block than the chain's, always the same one. */
  readonly falseBlock: number;
  /** Share of blocks: told as confirmed some slots before it can be read. */
  readonly lateBlock: number;
  /** Share of notifications: the WebSocket is cut instead. */
  readonly cutSubscription: number;
  /** Share of notifications: the WebSocket stays open and is silent from then on. */
  readonly silentSubscription: number;
}

export const NO_FAULTS: FaultRates = {
  rateLimited: 0,
  serverError: 0,
  cutConnection: 0,
  truncatedBody: 0,
  hang: 0,
  malformedField: 0,
  wrongParent: 0,
  falseBlock: 0,
  lateBlock: 0,
  cutSubscription: 0,
  silentSubscription: 0,
};

export type RequestFault =
  | "rate-limited"
  | "server-error"
  | "cut-connection"
  | "truncated-body"
  | "hang"
  | "malformed-field"
  | "wrong-parent";

const REQUEST_FAULTS: readonly (readonly [keyof FaultRates, RequestFault])[] = [
  ["rateLimited", "rate-limited"],
  ["serverError", "server-error"],
  ["cutConnection", "cut-connection"],
  ["truncatedBody", "truncated-body"],
  ["hang", "hang"],
  ["malformedField", "malformed-field"],
  ["wrongParent", "wrong-parent"],
];

/** Decides from the seed and the number of a request what goes wrong with it. */
export class FaultPlan {
  readonly rates: FaultRates;
  readonly #seed: Seed;
  /** Endpoints of one chain fail independently. */
  readonly #endpoint: number;
  #requests = 0;
  #notifications = 0;

  /** Throws a DevnetError (INVALID_OPTION) for a rate outside 0 to 1. */
  constructor(seed: Seed, rates: FaultRates, endpoint = 0) {
    for (const [name, rate] of Object.entries(rates)) {
      if (typeof rate !== "number" || !(rate >= 0 && rate <= 1)) {
        throw new DevnetError("INVALID_OPTION", `devnet fault ${name} must be from 0 to 1, not ${rate}.`);
      }
    }
    this.rates = rates;
    this.#seed = seed;
    this.#endpoint = endpoint;
  }

  nextRequest(): RequestFault | null {
    let at = new Random(this.#seed, TOPIC.fault, this.#requests++, this.#endpoint * 8).float();
    for (const [name, fault] of REQUEST_FAULTS) {
      const rate = this.rates[name];
      if (at < rate) return fault;
      at -= rate;
    }
    return null;
  }

  nextNotification(): "cut" | "silent" | null {
    const { cutSubscription, silentSubscription } = this.rates;
    if (cutSubscription + silentSubscription === 0) return null;
    const stream = this.#endpoint * 8 + 1;
    const at = new Random(this.#seed, TOPIC.fault, this.#notifications++, stream).float();
    if (at < cutSubscription) return "cut";
    return at < cutSubscription + silentSubscription ? "silent" : null;
  }
}
