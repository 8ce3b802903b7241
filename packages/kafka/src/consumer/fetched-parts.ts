import { setImmediate as nextTurn } from "node:timers/promises";
import type { TopicPartition } from "@candlewick/contracts";
import type { ConsumedRecord } from "../record/message.ts";
import type { FetchedPart } from "./fetched-part.ts";
import type { Wake } from "./wake.ts";

/** Who takes records. */
export interface RecordSink {
  /** Records of a partition in the order of the log, which was read from `from` up to `nextOffset`. */
  push(partition: TopicPartition, records: readonly ConsumedRecord[], nextOffset: bigint, from: bigint): void;
  /**
   * Whether enough of this partition is in hand for now: what was fetched of it stays undecoded meanwhile, because
   * records that wait for long fill the heap.
   */
  hasEnough?(name: string): boolean;
}

/** About so much is decoded at a time, and after so many pieces the rest of the process has its turn: heartbeats too. */
const PIECE_BYTES = 64 << 10;
const PIECES_PER_TURN = 4;

/** What was fetched and is not decoded yet. */
export class FetchedParts {
  readonly #sink: RecordSink;
  /** The next offset to fetch, by partition name; moves on as records are handed on, and others may set it. */
  readonly #positions: Map<string, bigint>;
  /** Called when a partition may be fetched again; awaited while there is enough of all of them. */
  readonly #wake: Wake;
  readonly #parts = new Map<string, FetchedPart>();
  #pieces = 0;

  constructor(sink: RecordSink, positions: Map<string, bigint>, wake: Wake) {
    this.#sink = sink;
    this.#positions = positions;
    this.#wake = wake;
  }

  /** How many partitions something is left of. */
  get size(): number {
    return this.#parts.size;
  }

  /** Whether something of this partition is left. */
  has(name: string): boolean {
    return this.#parts.has(name);
  }

  /**
   * Hands on what an answer brought, of each partition a piece in turn, unless there is enough of it in hand; tells
   * when there is of all that is left. Throws away what is left when the signal fires: it will be fetched again.
   */
  async handOn(parts: readonly FetchedPart[], signal: AbortSignal, onHeld: () => void): Promise<void> {
    const left = new Set(parts);
    for (const part of parts) this.#parts.set(part.name, part);
    try {
      while (left.size > 0 && !signal.aborted) {
        const woken = this.#wake.next;
        let isHeld = true;
        for (const part of left) {
          if (this.#sink.hasEnough?.(part.name) === true) continue;
          isHeld = false;
          if (this.#handOnPiece(part)) this.#drop(part, left);
          if (++this.#pieces % PIECES_PER_TURN === 0) await nextTurn();
          if (signal.aborted) return;
        }
        if (!isHeld) continue;
        onHeld();
        await woken;
      }
    } finally {
      for (const part of left) this.#drop(part, left);
    }
  }

  /** Returns whether the part is done with. */
  #handOnPiece(part: FetchedPart): boolean {
    const { name, partition, position: from } = part;
    // The sink may have decided to go on somewhere else.
    if (part.isDone || this.#positions.get(name) !== from) return true;
    const records = part.next(PIECE_BYTES);
    this.#positions.set(name, part.position);
    this.#sink.push(partition, records, part.position, from);
    return part.isDone;
  }

  #drop(part: FetchedPart, left: Set<FetchedPart>): void {
    left.delete(part);
    this.#parts.delete(part.name);
    this.#wake.call();
  }
}
