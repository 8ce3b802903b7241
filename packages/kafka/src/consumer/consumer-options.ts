import type { TopicPartition } from "@candlewick/contracts";
import type { Registry } from "@candlewick/runtime";
import type { FailureKind } from "../delivery/failure-kind.ts";
import type { Isolation } from "../record/isolation.ts";
import type { ConsumedRecord } from "../record/message.ts";

/** What a handler is told besides the record. */
export interface HandlerContext {
  /** The number of this attempt, from 1, counted over all retry topics and restarts that are known of. */
  readonly attempt: number;
  /** Where the record was read: its own topic, or a retry topic. */
  readonly readFrom: TopicPartition & { readonly offset: bigint };
  /**
   * Fires when the work is not worth finishing: the partition is gone, or a deadline has passed. What the
   * handler does then, somebody else may do again.
   */
  readonly signal: AbortSignal;
  /**
   * Counts the record as finished, although the handler has not ended, and commits all that is finished.
   * Resolves when it is committed. The only way to commit with `commit: "manual"`, besides `Consumer.commit`.
   */
  commit(): Promise<void>;
}

/** Handles one record. Its records come with topic, partition and offset of their origin, also on a retry. */
export type RecordHandler = (record: ConsumedRecord, context: HandlerContext) => void | Promise<void>;

/**
 * Handles records of one key, of one partition, or whatever `parallelism` keeps in order. An error counts for
 * all of them (they come again one by one to find the culprit), unless it is a BatchFailure that names one.
 */
export type BatchHandler = (
  records: readonly ConsumedRecord[],
  context: HandlerContext,
) => void | Promise<void>;

/** A handler in a module of its own, run by a pool of threads: for work that needs the processor. */
export interface HandlerModule {
  /** The module's URL (`import.meta.resolve`, `new URL`); its default export is called as a RecordHandler. */
  readonly module: URL;
  /** Threads; 2 by default. */
  readonly threads?: number;
}

export interface BatchOptions {
  readonly handler: BatchHandler;
  /** 500 by default. */
  readonly maxRecords?: number;
  /** 1 MiB by default, of records with 64 bytes for each besides its own; a larger record is a batch by itself. */
  readonly maxBytes?: number;
  /** How long the first record of a batch waits for others; 0 by default. */
  readonly lingerMs?: number;
}

/**
 * Where to start: the oldest record ("first", "earliest"), the end ("last", "latest"), the first record at
 * or after a time, or an offset (of each partition). It counts for partitions where the group has no committed
 * offset; with `ignoreCommitted` for all of them, at the first assignment of each.
 */
export type StartOffset =
  | "first"
  | "earliest"
  | "last"
  | "latest"
  | Date
  | { readonly timeMs: number }
  | number;

export interface RetryOptions {
  /** The delay before each further attempt; 5 s, 30 s and 3 min by default. None: no retry topics. */
  readonly delaysMs?: readonly number[];
  /** By which part each delay is longer or shorter; 0.2 by default. */
  readonly jitter?: number;
  /** Ceiling of the first pause of attempts in place, and of the longest; 100 ms and 30 s by default. */
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
  /** For how long a transient failure is tried in place, before it counts as unknown; for ever by default. */
  readonly transientForMs?: number;
}

export interface ConsumerOptions {
  readonly groupId: string;
  /** Names, or expressions that match whole names or parts; retry and dead-letter topics are left out of those. */
  readonly topics: readonly (string | RegExp)[];
  /** Exactly one of `handler` and `batch`. */
  readonly handler?: RecordHandler | HandlerModule;
  readonly batch?: BatchOptions;
  /**
   * "key" (default): the records of a key in order, different keys side by side; records without a key have no
   * order. "partition": each partition in order. "single": one handler at a time.
   */
  readonly parallelism?: "key" | "partition" | "single";
  /** Handlers at the same time; 30 by default. */
  readonly concurrency?: number;
  /** Whether later records of a key wait behind one that failed ("key", the default) or go on ("none"). */
  readonly order?: "key" | "none";
  readonly offset?: StartOffset;
  readonly ignoreCommitted?: boolean;
  /** Whether records of aborted and of open transactions are left out: "read_committed" (default), or are not. */
  readonly isolation?: Isolation;
  /** Every so often, after so many records, or "manual"; every second or 5,000 records by default. */
  readonly commit?: "manual" | { readonly intervalMs?: number; readonly everyRecords?: number };
  readonly retry?: RetryOptions;
  /** "dead-letter" (default), or end the consumer at a record that cannot be processed. */
  readonly onFailure?: "dead-letter" | "stop";
  /** What kind of failure an error is; see `failureKind` for the default. */
  classify?(error: unknown): FailureKind;
  /** Whether to create missing retry and dead-letter topics; true by default. */
  readonly createTopics?: boolean;
  /** Memory of all records that were fetched and are not finished, or lie behind one; 64 MiB by default. */
  readonly maxInFlightBytes?: number;
  /** The same per partition as a number of records, which bounds what comes again after a crash; 10,000. */
  readonly maxInFlightRecords?: number;
  /**
   * How the group agrees on who reads what. "classic" (default) is known to every broker. With "consumer" (KIP-848,
   * Apache Kafka 4.0 and newer) the broker assigns, and members keep what stays theirs while others come and go.
   */
  readonly groupProtocol?: "classic" | "consumer";
  /**
   * Of the protocol "classic": "range" (default), at each rebalance of which all partitions are given up, or
   * "cooperative-sticky", of which only those that go to others are; all members must have the same one. Of the
   * protocol "consumer": "uniform" or "range"; the broker's default where none is given.
   */
  readonly assignor?: GroupAssignor;
  /** Static membership: a name of this member that no other has. */
  readonly groupInstanceId?: string;
  /**
   * After how long without a heartbeat the group takes the partitions away; 10 s by default. With the protocol
   * "consumer" the broker decides (`group.consumer.session.timeout.ms`), and this, 45 s by default, is after how long
   * without an answer the member takes itself for put out.
   */
  readonly sessionTimeoutMs?: number;
  /** 1 s by default, and never more than a third of the session timeout: so late a member hears that another one left. */
  readonly heartbeatIntervalMs?: number;
  /** How long a rebalance waits for handlers; 60 s by default. */
  readonly rebalanceTimeoutMs?: number;
  /** How often to look for new topics that match an expression; 30 s by default. */
  readonly topicRefreshMs?: number;
  /** How long a move to another topic is tried while brokers are away; 60 s by default. */
  readonly moveTimeoutMs?: number;
  /** Report when work waits and nothing is finished for so long; 60 s by default. */
  readonly stallReportMs?: number;
  onStall?(stall: Stall): void;
  onAssigned?(partitions: readonly TopicPartition[]): void;
  /** After the last handler has ended: orderly ("revoked"), or because the group went on without us ("lost"). */
  onRevoked?(partitions: readonly TopicPartition[], how: "revoked" | "lost"): void;
  /** Go on at the first offset that Kafka has where the committed one is gone; logged as an error. */
  readonly acceptLostOffsets?: boolean;
  readonly metrics?: Registry;
}

export type GroupAssignor = "range" | "cooperative-sticky" | "uniform";

/** Work waits and nothing is finished. */
export interface Stall {
  readonly forMs: number;
  /** The oldest record that is not finished, per partition that has one. */
  readonly oldest: readonly (TopicPartition & { readonly offset: bigint; readonly key: Buffer | null })[];
}

/** What is ahead of a partition. */
export interface Lag {
  readonly records: bigint;
  /** The age of the oldest record that is not finished, as far as it is known; 0 without lag. */
  readonly seconds: number;
}
