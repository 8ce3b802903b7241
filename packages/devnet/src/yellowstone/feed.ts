import type { Chain } from "../chain/chain.ts";
import type { DevnetClock } from "../rpc/clock.ts";
import type { Commitment } from "../rpc/ledger.ts";
import { yellowstoneBlock, yellowstoneBlockMeta } from "../wire/yellowstone-block.ts";
import type { SlotStatus, StreamEvent } from "./messages.ts";

/** What a server tells its clients, in order. */
export interface UpdateFeed {
  /** The oldest slot from which events can be told again. */
  firstAvailable(): number;
  /** All events so far of slots from that one on. */
  replay(fromSlot: number): Iterable<StreamEvent>;
  /** Events as they come, until the signal is aborted. */
  follow(signal: AbortSignal): AsyncIterable<StreamEvent>;
  headSlot(commitment: Commitment): number;
}

const CONFIRMED_LAG_SLOTS = 2;
const FINALIZED_LAG_SLOTS = 32;
/** After a pause of the machine older slots are not told one by one. */
const MAX_CATCH_UP_SLOTS = 10_000;

/** The simulated chain as a validator's plugin tells of it. */
export class ChainFeed implements UpdateFeed {
  readonly #chain: Chain;
  readonly #clock: DevnetClock;
  readonly #replaySlots: number;
  /** The last slot whose events were told. */
  #told: number;

  constructor(chain: Chain, clock: DevnetClock, replaySlots: number) {
    this.#chain = chain;
    this.#clock = clock;
    this.#replaySlots = replaySlots;
    this.#told = chain.calendar.slotAt(clock.now());
  }

  firstAvailable(): number {
    return Math.max(this.#chain.options.firstSlot, this.#told - this.#replaySlots);
  }

  *replay(fromSlot: number): Iterable<StreamEvent> {
    for (let slot = fromSlot; slot <= this.#told; slot++) {
      for (const event of this.#eventsAt(slot)) if (event.slot >= fromSlot) yield event;
    }
  }

  async *follow(signal: AbortSignal): AsyncIterable<StreamEvent> {
    const { calendar } = this.#chain;
    while (!signal.aborted) {
      const next = Math.max(this.#told + 1, calendar.slotAt(this.#clock.now()) - MAX_CATCH_UP_SLOTS);
      const waitMs = calendar.endOf(next) - this.#clock.now();
      // The rejection only says that the server stops.
      if (waitMs > 0) await this.#clock.delay(waitMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      this.#told = next;
      yield* this.#eventsAt(next);
    }
  }

  headSlot(commitment: Commitment): number {
    const lag = { processed: 0, confirmed: CONFIRMED_LAG_SLOTS, finalized: FINALIZED_LAG_SLOTS }[commitment];
    return this.#chain.calendar.lastBlockAt(this.#told - lag);
  }

  /** What is told when a slot ends: of the slot itself, and of those that got surer with it. */
  *#eventsAt(slot: number): Iterable<StreamEvent> {
    const { calendar } = this.#chain;
    if (calendar.hasBlock(slot))
      yield* this.#seen(slot, calendar.parentOf(slot), () => this.#chain.blockAt(slot));
    else if (calendar.hasOrphan(slot)) {
      yield* this.#seen(slot, calendar.orphanParentOf(slot), () => this.#chain.orphanAt(slot));
    } else if (slot % 3 === 0) {
      yield statusOf(slot, "first_shred_received", null);
      yield statusOf(slot, "created_bank", calendar.parentOf(slot));
      yield { ...statusOf(slot, "dead", calendar.parentOf(slot)), deadError: "block error: too few ticks" };
    }
    yield* this.#surer(slot - CONFIRMED_LAG_SLOTS, "confirmed");
    yield* this.#surer(slot - FINALIZED_LAG_SLOTS, "finalized");
  }

  *#seen(slot: number, parent: number, block: () => ReturnType<Chain["blockAt"]>): Iterable<StreamEvent> {
    yield statusOf(slot, "first_shred_received", null);
    yield statusOf(slot, "created_bank", parent);
    yield statusOf(slot, "completed", null);
    yield blockEvent(slot, "processed", block);
    yield statusOf(slot, "processed", parent);
  }

  *#surer(slot: number, commitment: "confirmed" | "finalized"): Iterable<StreamEvent> {
    const { calendar } = this.#chain;
    if (!calendar.hasBlock(slot)) return;
    yield blockEvent(slot, commitment, () => this.#chain.blockAt(slot));
    yield statusOf(slot, commitment, commitment === "finalized" ? calendar.parentOf(slot) : null);
  }
}

function statusOf(slot: number, status: SlotStatus, parent: number | null) {
  return { kind: "slot", slot, parent, status, deadError: null } as const;
}

function blockEvent(
  slot: number,
  commitment: Commitment,
  block: () => ReturnType<Chain["blockAt"]>,
): StreamEvent {
  return {
    kind: "block",
    slot,
    commitment,
    block: () => yellowstoneBlock(slot, block()),
    meta: () => yellowstoneBlockMeta(slot, block()),
  };
}
