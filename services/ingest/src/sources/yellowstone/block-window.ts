import type { SlotTruth } from "../../ports.ts";
import type { SlotStage, StreamedBlock } from "./geyser-messages.ts";

/** Slots whose blocks, or what is known of them, are kept behind the last final one. */
const KEPT_FINAL_SLOTS = 64;
const KEPT_FACTS = 4_096;

interface SlotFacts {
  readonly slot: number;
  readonly id: string | null;
  readonly parentSlot: number | null;
  readonly stage: SlotStage;
}

/** What a stream has brought of the last slots: blocks, until they are final and taken, and who follows on whom. */
export class BlockWindow {
  readonly #blocks = new Map<number, StreamedBlock>();
  readonly #facts = new Map<number, SlotFacts>();
  readonly #maxBytes: number;
  #bytes = 0;
  #finalized: number | null = null;
  #head: number | null = null;
  /** Up to here blocks were handed on. */
  #taken = -1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The highest slot of which a block came. */
  get head(): number | null {
    return this.#head;
  }

  get finalized(): number | null {
    return this.#finalized;
  }

  /** Whether blocks that were not handed on take all the room. */
  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Takes a block; whether it is a new one. */
  add(block: StreamedBlock): boolean {
    const known = this.#blocks.get(block.slot);
    if (known?.id === block.id) return false;
    if (known !== undefined) this.#drop(known);
    this.#blocks.set(block.slot, block);
    this.#bytes += block.bytes.length;
    this.#note(block.slot, { id: block.id, parentSlot: block.parentSlot });
    this.#head = Math.max(this.#head ?? 0, block.slot);
    this.#makeRoom();
    return true;
  }

  /** Notes what became of a slot. */
  status(slot: number, parent: number | null, stage: SlotStage): void {
    if (stage === "other") return;
    const known = this.#facts.get(slot);
    this.#note(slot, {
      parentSlot: parent ?? known?.parentSlot ?? null,
      stage: rankOf(stage) > rankOf(known?.stage ?? "other") ? stage : (known?.stage ?? stage),
    });
    if (stage === "finalized" && slot > (this.#finalized ?? -1)) this.#finalized = slot;
    this.#makeRoom();
  }

  /** Slots above `after` whose blocks are there, ascending. */
  slotsAfter(after: number): number[] {
    return [...this.#blocks.keys()].filter((slot) => slot > after).sort((a, b) => a - b);
  }

  block(slot: number): StreamedBlock | null {
    return this.#blocks.get(slot) ?? null;
  }

  /** Blocks up to this slot were handed on: they are kept only as long as there is room. */
  taken(slot: number): void {
    this.#taken = Math.max(this.#taken, slot);
    this.#makeRoom();
  }

  isDead(slot: number): boolean {
    return this.#facts.get(slot)?.stage === "dead";
  }

  /** The final slots from the highest down to `after`, along the parents; null where the chain of parents has a hole. */
  finalSlots(after: number, through: number): number[] | null {
    if (this.#finalized === null) return null;
    const slots: number[] = [];
    let at: number | null = this.#finalized;
    while (at !== null && at > after) {
      const facts: SlotFacts | undefined = this.#facts.get(at);
      if (facts === undefined) return null;
      if (at <= through) slots.push(at);
      at = facts.parentSlot;
    }
    return at === null ? null : slots.reverse();
  }

  /** What the final chain has in a slot; null where that is not known. */
  truth(slot: number): SlotTruth | null {
    if (this.#finalized === null || slot > this.#finalized) return null;
    const slots = this.finalSlots(slot - 1, slot);
    if (slots === null) return null;
    if (slots.length === 0) return { kind: "absent" };
    const id = this.#facts.get(slot)?.id ?? null;
    return id === null ? null : { kind: "block", id };
  }

  #note(slot: number, changed: Partial<SlotFacts>): void {
    const known = this.#facts.get(slot) ?? { slot, id: null, parentSlot: null, stage: "other" as const };
    this.#facts.set(slot, { ...known, ...changed });
    for (const oldest of this.#facts.keys()) {
      if (this.#facts.size <= KEPT_FACTS) return;
      this.#facts.delete(oldest);
    }
  }

  /** Lets go of blocks that were handed on and are final; of those that were only handed on where room is short. */
  #makeRoom(): void {
    const final = (this.#finalized ?? 0) - KEPT_FINAL_SLOTS;
    for (const block of this.#blocks.values()) {
      if (block.slot <= this.#taken && (block.slot < final || this.isFull)) this.#drop(block);
    }
  }

  #drop(block: StreamedBlock): void {
    if (this.#blocks.delete(block.slot)) this.#bytes -= block.bytes.length;
  }
}

function rankOf(stage: SlotStage): number {
  return ["other", "processed", "confirmed", "dead", "finalized"].indexOf(stage);
}
