import type { TopicPartition } from "@candlewick/contracts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Isolation } from "../record/isolation.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { FetchLoop } from "./fetch-loop.ts";
import { RecordBuffer } from "./record-buffer.ts";

export interface FetcherOptions {
  readonly isolation: Isolation;
  readonly maxBufferBytes: number;
  /** Where to go on when Kafka does not have the wanted offset; throws where that is not for us to decide. */
  relocate(partition: TopicPartition, wanted: bigint): Promise<bigint>;
  /**
   * The log of a partition was read up to `nextOffset`, and so many records of it wait to be taken: none where it
   * holds only what marks the ends of transactions there, or what compaction has left.
   */
  onRead?(partition: TopicPartition, records: number, nextOffset: bigint): void;
}

/** Reads partitions from given offsets into a bounded buffer. What cannot pass by itself fails the next `take`. */
export class Fetcher {
  readonly #buffer: RecordBuffer;
  readonly #loop: FetchLoop;

  constructor(cluster: Cluster, positions: ReadonlyMap<string, bigint>, options: FetcherOptions) {
    const buffer = new RecordBuffer(options.maxBufferBytes);
    this.#buffer = buffer;
    this.#loop = new FetchLoop(cluster, positions, {
      isolation: options.isolation,
      relocate: (partition, wanted) => options.relocate(partition, wanted),
      sink: {
        room: () => buffer.room(),
        wants: () => true,
        push: (partition, records, nextOffset) => {
          buffer.push(records);
          options.onRead?.(partition, records.length, nextOffset);
        },
        fail: (error) => buffer.fail(error),
      },
    });
  }

  /** Everything that arrived, up to the bounds and at least one record; empty once the fetcher was closed. */
  take(maxRecords: number, maxBytes: number): Promise<ConsumedRecord[]> {
    return this.#buffer.take(maxRecords, maxBytes);
  }

  /** Reads further partitions as well. */
  add(positions: ReadonlyMap<string, bigint>): void {
    this.#loop.add(positions);
  }

  /** Stops fetching at once and forgets what was not handed over. */
  async close(): Promise<void> {
    this.#buffer.close();
    await this.#loop.close();
  }
}
