import type { TopicPartition } from "@candlewick/contracts";
import type { ConsumedRecord } from "../record/message.ts";

/** A member of a consumer group that hands its records over batch by batch. */
export interface GroupConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /**
   * Asked on every assignment: the next offset per partition (`partitionName`) as the caller has it stored.
   * A partition that is absent starts at Kafka's committed offset, else at `start`. Its errors are treated
   * as those of `onBatch`.
   */
  resume(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>>;
  readonly start: "first" | "last";
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  /**
   * Handles one batch, in offset order within a partition; the next one comes when it has resolved. The
   * signal fires when the batch is not worth finishing: the partitions are gone, or a deadline has passed.
   *
   * A CandlewickError with retry "backoff" is retried in place; "refresh" throws the batch away, leaves and
   * joins again; any other error ends the consumer.
   */
  onBatch(records: readonly ConsumedRecord[], signal: AbortSignal): Promise<void>;
  /** Called when partitions left this member, after the batch in hand was finished or given up. */
  onRevoked?(partitions: readonly TopicPartition[]): void;
  /** After how long without a heartbeat the group takes the partitions away; 10 s by default. */
  readonly sessionTimeoutMs?: number;
  /** 1 s by default, and never more than a third of the session timeout. */
  readonly heartbeatIntervalMs?: number;
  /** How long a rebalance waits for a batch in hand; 60 s by default. */
  readonly rebalanceTimeoutMs?: number;
  /** Records in memory that were not handed over yet; 32 MiB by default. */
  readonly maxBufferBytes?: number;
  /** Ceiling of the first pause before a batch is retried, and of the longest; 100 ms and 30 s by default. */
  readonly retryBackoffMs?: number;
  readonly maxRetryBackoffMs?: number;
  /**
   * Go on at the first offset that Kafka has where the stored one is no longer there. The loss is logged as
   * an error. False by default: the consumer ends with OFFSET_LOST.
   */
  readonly acceptLostOffsets?: boolean;
}
