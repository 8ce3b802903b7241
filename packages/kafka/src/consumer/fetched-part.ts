import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { type AbortedTransaction, AbortedTransactions } from "../record/aborted-transactions.ts";
import { BatchReader, type RecordPiece, splitBatches, transactionOf } from "../record/record-reader.ts";

/** What a Fetch answer brought of one partition, decoded piece by piece. */
export class FetchedPart {
  readonly partition: TopicPartition;
  readonly name: string;
  /** The offset where it goes on. */
  position: bigint;
  readonly #aborted: AbortedTransactions;
  readonly #batches: Iterator<Buffer, void>;
  #upcoming: IteratorResult<Buffer, void>;
  #batch: BatchReader | null = null;

  /** `aborted`: the transactions whose records are left out. */
  constructor(
    partition: TopicPartition,
    bytes: Buffer,
    from: bigint,
    aborted: readonly AbortedTransaction[],
  ) {
    this.partition = partition;
    this.name = partitionName(partition);
    this.position = from;
    this.#aborted = new AbortedTransactions(aborted);
    this.#batches = splitBatches(inOwnMemory(bytes));
    this.#upcoming = this.#batches.next();
  }

  /** Whether all of it was decoded. */
  get isDone(): boolean {
    return this.#batch?.isDone !== false && this.#upcoming.done === true;
  }

  /** Decodes about so many bytes of records, and moves on. Throws CORRUPT_RECORDS. */
  next(maxBytes: number): RecordPiece["records"] {
    if (this.#batch?.isDone !== false) {
      if (this.#upcoming.done === true) return [];
      const bytes = this.#upcoming.value;
      this.#batch = new BatchReader(bytes, this.partition, this.position);
      if (this.#aborted.has(transactionOf(bytes))) this.#batch.skip();
      this.#upcoming = this.#batches.next();
    }
    const { records, nextOffset } = this.#batch.read(maxBytes);
    if (nextOffset > this.position) this.position = nextOffset;
    return records;
  }
}

/** A record that is kept keeps what was fetched of its partition with it, and nothing of other partitions. */
function inOwnMemory(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 2 * bytes.length ? Buffer.from(bytes) : bytes;
}
