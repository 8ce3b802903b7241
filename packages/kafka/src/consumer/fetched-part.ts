import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { BatchReader, type RecordPiece, splitBatches } from "../record/record-reader.ts";

/** What a Fetch answer brought of one partition, decoded piece by piece. */
export class FetchedPart {
  readonly partition: TopicPartition;
  readonly name: string;
  /** The offset where it goes on. */
  position: bigint;
  readonly #batches: Iterator<Buffer, void>;
  #upcoming: IteratorResult<Buffer, void>;
  #batch: BatchReader | null = null;

  constructor(partition: TopicPartition, bytes: Buffer, from: bigint) {
    this.partition = partition;
    this.name = partitionName(partition);
    this.position = from;
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
      this.#batch = new BatchReader(this.#upcoming.value, this.partition, this.position);
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
