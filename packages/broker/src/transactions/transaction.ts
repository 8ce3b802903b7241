import type { Timer } from "../clock.ts";
import type { CommittedOffset, OffsetKey } from "../groups/offset-store.ts";

/** Kafka's names for where a transactional id stands. */
export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

export type PendingOffset = OffsetKey & CommittedOffset;

/** One transactional id: its producer, and the transaction under way or last ended. */
export interface Transaction {
  readonly id: string;
  producerId: number;
  epoch: number;
  /**
   * The epoch that the present one followed, with the producer's knowledge. Not kept on the disk: a producer that
   * asks again after a restart of the broker is told that it is fenced, and begins anew.
   */
  epochBefore: number | undefined;
  /** The id that the producer had until its epochs ran out. */
  producerIdBefore: number | undefined;
  /** The id that it will have when the transaction that is ending is through, where its epochs have run out. */
  nextProducerId: number | undefined;
  timeoutMs: number;
  state: TransactionState;
  startedMs: number;
  updatedMs: number;
  /** Topic to the partitions that the transaction writes to. */
  readonly partitions: Map<string, Set<number>>;
  /** Group to the offsets that a commit will make good. */
  readonly offsets: Map<string, PendingOffset[]>;
  timer: Timer | undefined;
}

export interface SavedTransaction {
  readonly producerId: number;
  readonly epoch: number;
  /** Both are absent in most transactions, and in all that were written before producers changed their ids. */
  readonly producerIdBefore?: number | undefined;
  readonly nextProducerId?: number | undefined;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly startedMs: number;
  readonly updatedMs: number;
  readonly partitions: readonly (readonly [string, readonly number[]])[];
  readonly offsets: readonly (readonly [string, readonly PendingOffset[]])[];
}

export function savedTransaction(transaction: Transaction): SavedTransaction {
  const { producerId, epoch, producerIdBefore, nextProducerId } = transaction;
  const { timeoutMs, state, startedMs, updatedMs } = transaction;
  const partitions = [...transaction.partitions].map(([topic, set]) => [topic, [...set]] as const);
  return {
    producerId,
    epoch,
    producerIdBefore,
    nextProducerId,
    timeoutMs,
    state,
    startedMs,
    updatedMs,
    partitions,
    offsets: [...transaction.offsets],
  };
}

export function restoredTransaction(id: string, saved: SavedTransaction): Transaction {
  return {
    ...saved,
    id,
    epochBefore: undefined,
    producerIdBefore: saved.producerIdBefore,
    nextProducerId: saved.nextProducerId,
    partitions: new Map(saved.partitions.map(([topic, partitions]) => [topic, new Set(partitions)])),
    offsets: new Map(saved.offsets.map(([group, offsets]) => [group, [...offsets]])),
    timer: undefined,
  };
}

export function newTransaction(
  id: string,
  producerId: number,
  timeoutMs: number,
  nowMs: number,
): Transaction {
  return {
    id,
    producerId,
    epoch: 0,
    epochBefore: undefined,
    producerIdBefore: undefined,
    nextProducerId: undefined,
    timeoutMs,
    state: "Empty",
    startedMs: -1,
    updatedMs: nowMs,
    partitions: new Map(),
    offsets: new Map(),
    timer: undefined,
  };
}

/** True while a decision has been made but not carried out everywhere. */
export function isEnding(transaction: Transaction): boolean {
  return transaction.state === "PrepareCommit" || transaction.state === "PrepareAbort";
}

export function hasPartition(transaction: Transaction, topic: string, partition: number): boolean {
  return transaction.partitions.get(topic)?.has(partition) === true;
}

export function removePartition(transaction: Transaction, topic: string, partition: number): void {
  const partitions = transaction.partitions.get(topic);
  partitions?.delete(partition);
  if (partitions?.size === 0) transaction.partitions.delete(topic);
}

export function addPartition(transaction: Transaction, topic: string, partition: number): void {
  const partitions = transaction.partitions.get(topic) ?? new Set();
  partitions.add(partition);
  transaction.partitions.set(topic, partitions);
}
