import type { Service } from "@candlewick/runtime";
import type { KafkaConnection } from "./connection.ts";
import type { ConsumedRecord } from "./message.ts";

/** Reads all partitions of some topics without a group. */
export interface ReaderOptions {
  readonly topics: readonly string[];
  /** Where to start: next offsets by `partitionName`; a partition that is missing starts at the first record. */
  readonly from: "first" | "last" | ReadonlyMap<string, bigint>;
  readonly maxBatchRecords?: number;
  /** Records in memory that were not handed over yet; 16 MiB by default. */
  readonly maxBufferBytes?: number;
  onRecords(records: readonly ConsumedRecord[]): void | Promise<void>;
}

export interface Reader extends Service {
  /** The next offset per partition: all before it were handled. */
  positions(): ReadonlyMap<string, bigint>;
}

export declare function startReader(connection: KafkaConnection, options: ReaderOptions): Promise<Reader>;
