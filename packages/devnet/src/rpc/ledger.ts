import type { Chain } from "../chain/chain.ts";
import { hash32, type Seed, TOPIC } from "../encoding/random.ts";
import type { DevnetClock } from "./clock.ts";
import { RPC_ERRORS } from "./rpc-error.ts";

export type Commitment = "processed" | "confirmed" | "finalized";

export interface LedgerOptions {
  /** How many slots the whole view is behind the chain. */
  readonly behindSlots: number;
  /** How many slots each commitment is behind the newest block. */
  readonly confirmedLagSlots: number;
  readonly finalizedLagSlots: number;
  /** Older blocks are cleaned up; Infinity keeps all. */
  readonly keepSlots: number;
  /** Share of blocks that are told as confirmed before they can be read. */
  readonly lateBlockRate: number;
  /** By how many slots they are late. */
  readonly lateSlots: number;
}

/** What the node has of the chain at this moment. */
export class Ledger {
  readonly chain: Chain;
  readonly #seed: Seed;
  readonly #clock: DevnetClock;
  readonly #options: LedgerOptions;

  constructor(chain: Chain, seed: Seed, clock: DevnetClock, options: LedgerOptions) {
    this.chain = chain;
    this.#seed = seed;
    this.#clock = clock;
    this.#options = options;
  }

  get behindSlots(): number {
    return this.#options.behindSlots;
  }

  /** The newest slot with a block at that commitment. */
  head(commitment: Commitment): number {
    const { calendar, options } = this.chain;
    const slot = calendar.lastBlockAt(calendar.slotAt(this.#clock.now()) - this.#lag(commitment));
    return Math.max(slot, options.firstSlot);
  }

  /** The oldest slot that is kept. */
  first(): number {
    const { firstSlot } = this.chain.options;
    const oldest = Math.max(firstSlot, this.head("processed") - this.#options.keepSlots);
    let slot = oldest;
    while (!this.chain.calendar.hasBlock(slot)) slot++;
    return slot;
  }

  /** Throws the node's error for a slot whose block it cannot give: cleaned up, not there yet, skipped. */
  check(slot: number, commitment: Commitment): void {
    const first = this.first();
    if (slot < first) throw RPC_ERRORS.cleanedUp(slot, first);
    if (slot > this.head(commitment)) throw RPC_ERRORS.notAvailable(slot);
    if (!this.chain.calendar.hasBlock(slot)) throw RPC_ERRORS.skipped(slot);
    if (this.#isLate(slot)) throw RPC_ERRORS.notAvailable(slot);
  }

  /** Slots with blocks from `start` to `end`, as far as the commitment reaches; at most `limit`. */
  blocks(start: number, end: number, commitment: Commitment, limit = Number.POSITIVE_INFINITY): number[] {
    const slots: number[] = [];
    const last = Math.min(end, this.head(commitment));
    for (let slot = Math.max(start, this.first()); slot <= last && slots.length < limit; slot++) {
      if (this.chain.calendar.hasBlock(slot)) slots.push(slot);
    }
    return slots;
  }

  #isLate(slot: number): boolean {
    const { lateBlockRate, lateSlots } = this.#options;
    if (lateBlockRate === 0 || hash32(this.#seed, TOPIC.late, slot, 0) / 2 ** 32 >= lateBlockRate)
      return false;
    return slot > this.head("confirmed") - lateSlots;
  }

  #lag(commitment: Commitment): number {
    const { behindSlots, confirmedLagSlots, finalizedLagSlots } = this.#options;
    switch (commitment) {
      case "processed":
        return behindSlots;
      case "confirmed":
        return behindSlots + confirmedLagSlots;
      case "finalized":
        return behindSlots + finalizedLagSlots;
    }
  }
}
