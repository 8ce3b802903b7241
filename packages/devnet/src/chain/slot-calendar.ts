import { createHash } from "node:crypto";
import { encodeBase58 } from "../encoding/base58.ts";
import { hash32, Random, type Seed, TOPIC } from "../encoding/random.ts";
import type { ChainOptions } from "./options.ts";
import { SlotTimes } from "./slot-times.ts";

/** Slots are skipped by groups, a fixed number in each, so that heights need no walk from the first slot. */
const GROUP = 100;
const GROUPS_KEPT = 64;
/** Height of the first block: less than its slot, as on a chain that has skipped slots before. */
const HEIGHT_LAG = 20_000_000;

/** Which slots have a block, and the facts of a block that do not depend on its transactions. */
export class SlotCalendar {
  readonly #seed: Seed;
  readonly #options: ChainOptions;
  readonly #times: SlotTimes;
  readonly #groups = new Map<number, readonly boolean[]>();

  constructor(seed: Seed, options: ChainOptions) {
    this.#seed = seed;
    this.#options = options;
    const genesis = { slot: options.firstSlot, unixMs: options.genesisUnixMs };
    this.#times = new SlotTimes(genesis, options.resumes, options.slotMs);
  }

  /** Position of a slot on the chain: 0 is the first. */
  indexOf(slot: number): number {
    return slot - this.#options.firstSlot;
  }

  /** Whether the slot exists and has a block. */
  hasBlock(slot: number): boolean {
    const index = this.indexOf(slot);
    if (!Number.isSafeInteger(index) || index < 0) return false;
    return this.#group(Math.floor(index / GROUP))[index % GROUP] === false;
  }

  /** The last slot at or before `slot` that has a block; one before the first slot where there is none. */
  lastBlockAt(slot: number): number {
    let at = slot;
    while (at >= this.#options.firstSlot && !this.hasBlock(at)) at--;
    return Math.max(at, this.#options.firstSlot - 1);
  }

  parentOf(slot: number): number {
    return this.lastBlockAt(slot - 1);
  }

  /**
   * Whether the slot has a block that dies. Such slots are among those that the chain skips: a fork is what
   * the other side of a skipped slot looks like.
   */
  hasOrphan(slot: number): boolean {
    const { forkedSlotRate, skippedSlotRate } = this.#options;
    if (forkedSlotRate === 0 || this.indexOf(slot) < 0 || this.hasBlock(slot)) return false;
    return hash32(this.#seed, TOPIC.fork, slot, 0) / 2 ** 32 < forkedSlotRate / skippedSlotRate;
  }

  /** On what a block that dies was built: on the one that died before it, now and then, else on the chain. */
  orphanParentOf(slot: number): number {
    const longer = this.hasOrphan(slot - 1) && hash32(this.#seed, TOPIC.fork, slot, 1) % 2 === 0;
    return longer ? slot - 1 : this.parentOf(slot);
  }

  /** Number of blocks below this one, counted from the real chain's start. */
  heightOf(slot: number): number {
    const index = this.indexOf(slot);
    const group = Math.floor(index / GROUP);
    const flags = this.#group(group);
    let height =
      Math.max(0, this.#options.firstSlot - HEIGHT_LAG) + group * GROUP - this.#skippedBefore(group);
    for (let i = 0; i < index % GROUP; i++) if (flags[i] === false) height++;
    return height;
  }

  /** Unix seconds. */
  timeOf(slot: number): number {
    return Math.floor(this.#times.startOf(slot) / 1000);
  }

  /** The slot that is being worked on at that time: the last one that has ended. */
  slotAt(unixMs: number): number {
    return Math.max(this.#options.firstSlot, this.#times.slotAt(unixMs));
  }

  /** When the slot's block is there, milliseconds since the epoch. */
  endOf(slot: number): number {
    return this.#times.startOf(slot) + this.#options.slotMs;
  }

  hashOf(slot: number): string {
    return encodeBase58(createHash("sha256").update(`${this.#options.seed}/block/${slot}`).digest());
  }

  #skippedBefore(group: number): number {
    return Math.floor(group * GROUP * this.#options.skippedSlotRate);
  }

  #group(group: number): readonly boolean[] {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const flags = new Array<boolean>(GROUP).fill(false);
    const random = new Random(this.#seed, TOPIC.skip, group);
    let left = this.#skippedBefore(group + 1) - this.#skippedBefore(group);
    while (left > 0) {
      // A leader has four slots in a row and often misses several of them.
      const start = random.between(1, GROUP - 1);
      const run = random.between(1, 4);
      for (let i = start; i < Math.min(start + run, GROUP) && left > 0; i++) {
        if (flags[i] === false) {
          flags[i] = true;
          left--;
        }
      }
    }
    if (this.#groups.size >= GROUPS_KEPT) this.#groups.clear();
    this.#groups.set(group, flags);
    return flags;
  }
}
