import { OffsetRuns } from "./offset-runs.ts";

/** A record in the window of a partition: from its arrival until all before it are finished too. */
export interface Tracked {
  readonly offset: number;
  readonly bytes: number;
  finished: boolean;
}

/**
 * Which records of a partition are finished. `next` is what may be committed: every record before it is. The
 * window reaches from there to the newest record that arrived; finished records in it still count, because
 * they are what a crash would bring back, and because their memory may hang on an unfinished neighbour.
 */
export class OffsetTracker<Entry extends Tracked> {
  #window: Entry[] = [];
  #head = 0;
  #bytes = 0;
  #position: number;
  /** Finished by whoever had the partition before; they are left out when they arrive. */
  readonly #known: OffsetRuns;

  constructor(next: number, known: OffsetRuns = new OffsetRuns()) {
    this.#known = known;
    this.#known.forgetBelow(next);
    this.#position = this.#known.firstOutside(next);
  }

  /** All before this offset are finished. */
  get next(): number {
    return this.#window[this.#head]?.offset ?? this.#known.firstOutside(this.#position);
  }

  /** The offset that is to arrive next. */
  get position(): number {
    return this.#position;
  }

  get records(): number {
    return this.#window.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest record that is not finished. */
  get oldest(): Entry | undefined {
    return this.#window[this.#head];
  }

  /** Whether the record was finished before it arrived. */
  isKnown(offset: number): boolean {
    return !this.#known.isEmpty && this.#known.has(offset);
  }

  /** Says that a record is finished that has not arrived yet. */
  markKnown(offset: number): void {
    if (offset >= this.#position) this.#known.add(offset, offset + 1);
  }

  /** A record arrived; offsets ascend. */
  add(entry: Entry): void {
    this.#window.push(entry);
    this.#bytes += entry.bytes;
    this.#position = entry.offset + 1;
  }

  /** The log was read up to this offset, whatever records it had there. */
  reached(position: number): void {
    if (position > this.#position) this.#position = position;
    this.#known.forgetBelow(this.#position);
  }

  finish(entry: Entry): void {
    entry.finished = true;
    while (this.#window[this.#head]?.finished === true) {
      this.#bytes -= this.#window[this.#head]?.bytes ?? 0;
      this.#head++;
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#window.length) {
      this.#window = this.#window.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#window.length) {
      this.#window = [];
      this.#head = 0;
    }
  }

  /** The finished offsets above `next`. An offset without a record counts as finished. */
  finishedAbove(): OffsetRuns {
    const finished = new OffsetRuns();
    let at = this.next;
    for (let index = this.#head; index < this.#window.length; index++) {
      const entry = this.#window[index];
      if (entry === undefined || entry.finished) continue;
      finished.add(at, entry.offset);
      at = entry.offset + 1;
    }
    finished.add(at, this.#position);
    for (const [start, end] of this.#known.runs()) finished.add(start, end);
    return finished;
  }
}
