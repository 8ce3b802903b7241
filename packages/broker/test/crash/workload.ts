import type { RawClient } from "../raw-client.ts";

/** What a workload needs of the round that it works in. */
export interface Round {
  readonly number: number;
  readonly random: () => number;
  /** Called with each acknowledgement; at one of them the broker dies. */
  acknowledged(): void;
}

/**
 * One kind of use of a broker that crashes again and again. It knows what was acknowledged to it, and tells
 * whether a restarted broker still has that, once.
 */
export interface Workload {
  readonly name: string;
  /** Called once, on the first broker. */
  prepare(client: RawClient): Promise<void>;
  /** Works until the connection is gone; rejects then. */
  work(client: RawClient, round: Round): Promise<never>;
  /** Throws where the restarted broker lost, doubled or shows something that it must not. */
  check(client: RawClient): Promise<void>;
}
