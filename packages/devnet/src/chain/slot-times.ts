/** From this slot on, slots follow each other from this time on: the chain had stood still before. */
export interface Resume {
  readonly slot: number;
  readonly unixMs: number;
}

/** When slots are. Time runs evenly but for the halts of the chain, at which it jumps and the slots go on. */
export class SlotTimes {
  readonly #slotMs: number;
  /** In order; the first is the chain's beginning. */
  readonly #stretches: readonly [Resume, ...Resume[]];

  constructor(genesis: Resume, resumes: readonly Resume[], slotMs: number) {
    this.#slotMs = slotMs;
    this.#stretches = [genesis, ...resumes];
  }

  /** When the slot begins, milliseconds since the epoch. */
  startOf(slot: number): number {
    const [genesis] = this.#stretches;
    const stretch = this.#stretches.findLast((candidate) => candidate.slot <= slot) ?? genesis;
    return stretch.unixMs + (slot - stretch.slot) * this.#slotMs;
  }

  /** The last slot that has ended at that time; one before the first where none has. */
  slotAt(unixMs: number): number {
    const [genesis] = this.#stretches;
    const at = this.#stretches.findLastIndex((candidate) => candidate.unixMs <= unixMs);
    const stretch = this.#stretches[at] ?? genesis;
    const ended = stretch.slot + Math.floor((unixMs - stretch.unixMs) / this.#slotMs) - 1;
    const next = this.#stretches[at + 1];
    return next === undefined ? ended : Math.min(ended, next.slot - 1);
  }
}
