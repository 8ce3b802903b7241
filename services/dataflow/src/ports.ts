import type { ConsumedRecord, TopicPartition } from "@candlewick/kafka";
import type { Checkpoint, CheckpointResult } from "@candlewick/store";

/** Where dataflow keeps its truth: offsets and state in one transaction. */
export interface CheckpointStore {
  offsets(group: string, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>>;
  checkpoint(batch: Checkpoint): Promise<CheckpointResult>;
}

/** Where records go that can never be processed; resolves once they are acknowledged there. */
export interface DeadLetters {
  send(record: ConsumedRecord, error: Error): Promise<unknown>;
}

/** The first offset that Kafka still has, per partition. */
export interface LogStarts {
  startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
}
