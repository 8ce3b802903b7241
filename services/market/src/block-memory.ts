/** What a record says of a block for good. Only finality brings an orphaned block back, as in the store. */
export type BlockVerdict = "orphaned" | "finalized";

/** Where a record lies: `partitionName` and offset. */
export interface RecordPlace {
  readonly partition: string;
  readonly offset: bigint;
}

interface RememberedBlock {
  /** Unix seconds. */
  readonly time: number;
  /** Empty for a block that is too old to be located. */
  readonly pairs: Set<string>;
  readonly records: { readonly verdict: BlockVerdict; readonly place: RecordPlace }[];
}

const NO_PAIRS: ReadonlySet<string> = new Set();
/** About two hours of Solana. */
const MAX_BLOCKS = 20_000;

/**
 * What outlives a view: which pairs a block traded, and what its records said. A block that is taken back after the
 * view has settled it, or while the view is made anew, can still be told from its pairs.
 */
export class BlockMemory {
  /** In order of arrival, which is about the order of time. */
  readonly #blocks = new Map<string, RememberedBlock>();
  /** Older ones, of which only the verdicts count: the next view may read their records again. */
  readonly #old = new Map<string, RememberedBlock>();
  /** The offsets that decided last which old ones stay. */
  #prunedBy: ReadonlyMap<string, bigint> | null = null;

  /** Remembers that a block traded a pair. Of an old one that is not kept. */
  note(blockId: string, pair: string, time: number): void {
    if (!this.#old.has(blockId)) this.#block(blockId, time).pairs.add(pair);
  }

  /** Remembers what the record at a place says of a block. */
  mark(blockId: string, verdict: BlockVerdict, time: number, place: RecordPlace): void {
    const { records } = this.#block(blockId, time);
    const isKnown = records.some(
      (record) => record.place.partition === place.partition && record.place.offset === place.offset,
    );
    if (!isKnown) records.push({ verdict, place });
  }

  /** What the records before these offsets say: a snapshot at the offsets holds it. */
  verdictsBefore(offsets: ReadonlyMap<string, bigint>): Map<string, Set<BlockVerdict>> {
    const verdicts = new Map<string, Set<BlockVerdict>>();
    for (const blocks of [this.#old, this.#blocks]) {
      for (const [id, { records }] of blocks) {
        const held = records.filter(({ place }) => isBefore(place, offsets));
        if (held.length > 0) verdicts.set(id, new Set(held.map(({ verdict }) => verdict)));
      }
    }
    return verdicts;
  }

  /** The pairs that a block is known to have traded. */
  pairsOf(blockId: string): ReadonlySet<string> {
    return this.#blocks.get(blockId)?.pairs ?? NO_PAIRS;
  }

  /** Block time of a block whose record does not tell it; null where it is not known here either. */
  timeOf(blockId: string): number | null {
    return (this.#blocks.get(blockId) ?? this.#old.get(blockId))?.time ?? null;
  }

  /**
   * Forgets the blocks before a time, as far as they came in order. Of those with records behind the offsets of
   * the last snapshot the verdicts stay, since the next view may read them again, but not the pairs. Each block is
   * looked at once, and again only for other offsets. Returns which are forgotten.
   */
  prune(time: number, offsets: ReadonlyMap<string, bigint>): string[] {
    const forgotten: string[] = [];
    if (this.#prunedBy !== offsets) {
      this.#prunedBy = offsets;
      for (const [id, block] of this.#old) {
        if (!isBehind(block, offsets)) forgotten.push(id);
      }
      for (const id of forgotten) this.#old.delete(id);
    }
    for (const [id, block] of this.#blocks) {
      if (block.time >= time) break;
      this.#blocks.delete(id);
      if (isBehind(block, offsets)) this.#old.set(id, { ...block, pairs: new Set() });
      else forgotten.push(id);
    }
    this.#makeRoom(forgotten);
    return forgotten;
  }

  #makeRoom(forgotten: string[]): void {
    for (const blocks of [this.#old, this.#blocks]) {
      for (const id of blocks.keys()) {
        if (this.#old.size + this.#blocks.size <= MAX_BLOCKS) return;
        blocks.delete(id);
        forgotten.push(id);
      }
    }
  }

  #block(id: string, time: number): RememberedBlock {
    const known = this.#blocks.get(id) ?? this.#old.get(id);
    if (known !== undefined) return known;
    const block: RememberedBlock = { time, pairs: new Set(), records: [] };
    this.#blocks.set(id, block);
    return block;
  }
}

/** Whether a record of the block lies behind the offsets. */
function isBehind({ records }: RememberedBlock, offsets: ReadonlyMap<string, bigint>): boolean {
  return records.some(({ place }) => !isBefore(place, offsets));
}

function isBefore({ partition, offset }: RecordPlace, offsets: ReadonlyMap<string, bigint>): boolean {
  return offset < (offsets.get(partition) ?? 0n);
}
