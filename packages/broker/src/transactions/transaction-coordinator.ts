import type { Clock } from "../clock.ts";
import type { OffsetStore } from "../groups/offset-store.ts";
import type { ProducerIds } from "../producers/producer-ids.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import type { Journal, JournalEntry } from "../storage/journal.ts";
import type { PartitionLog } from "../storage/partition-log.ts";
import { readBatchHeader } from "../storage/record-batch.ts";
import { buildMarker, type Marker } from "../storage/transaction-marker.ts";
import type { TopicStore } from "../topics/topic-store.ts";
import {
  addPartition,
  isEnding,
  newTransaction,
  type PendingOffset,
  restoredTransaction,
  type SavedTransaction,
  savedTransaction,
  type Transaction,
} from "./transaction.ts";

const KIND = "transaction";
/** Epochs are 16 bits wide; before they run out the id gets a new producer id. */
const LAST_EPOCH = 0x7ffe;

const RETRY_MS = 1000;
const NO_PRODUCER = -1;

interface Ports {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly topics: TopicStore;
  readonly offsets: OffsetStore;
  readonly producerIds: ProducerIds;
  readonly onFailure: (error: unknown, transactionalId: string) => void;
}

/** Who a client says it is. */
export interface ProducerClaim {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export type InitResult =
  | { readonly errorCode: typeof ErrorCode.NONE; readonly producerId: number; readonly producerEpoch: number }
  | { readonly errorCode: Exclude<ErrorCode, typeof ErrorCode.NONE> };

/**
 * Transactions over partitions and group offsets. The decision to commit or abort is on the disk before the
 * first marker is written; after a crash a decided transaction is carried out to its end at start.
 */
export class TransactionCoordinator {
  readonly #ports: Ports;
  readonly #transactions = new Map<string, Transaction>();
  #closed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
    for (const { key, value } of ports.journal.entries()) {
      const [kind, id] = JSON.parse(key) as [string, string];
      if (kind === KIND) this.#transactions.set(id, restoredTransaction(id, value as SavedTransaction));
    }
  }

  /** Finishes what a crash interrupted and begins to watch the time of what is open. */
  async recover(): Promise<void> {
    for (const transaction of this.#transactions.values()) {
      if (isEnding(transaction)) await this.#carryOut(transaction);
      else if (transaction.state === "Ongoing") this.#watchTime(transaction);
    }
  }

  get(id: string): Transaction | undefined {
    return this.#transactions.get(id);
  }

  all(): Transaction[] {
    return [...this.#transactions.values()];
  }

  #entry(transaction: Transaction): JournalEntry {
    return { key: JSON.stringify([KIND, transaction.id]), value: savedTransaction(transaction) };
  }

  #save(transaction: Transaction): void {
    transaction.updatedMs = this.#ports.clock.nowMs();
    this.#ports.journal.put([this.#entry(transaction)]);
  }

  /** Gives a transactional id to a new incarnation of its producer; the former one is fenced. */
  async init(
    id: string,
    timeoutMs: number,
    claimed: Omit<ProducerClaim, "transactionalId">,
  ): Promise<InitResult> {
    const existing = this.#transactions.get(id);
    if (existing === undefined) return this.#create(id, timeoutMs);
    const isClaimed = claimed.producerId !== NO_PRODUCER;
    const isCurrent = claimed.producerEpoch === existing.epoch;
    // A producer whose answer got lost asks again with the epoch that it had before.
    let isAgain = isClaimed && claimed.producerEpoch === existing.epochBefore;
    if (isClaimed && (claimed.producerId !== existing.producerId || !(isCurrent || isAgain))) {
      return { errorCode: ErrorCode.PRODUCER_FENCED };
    }
    if (isEnding(existing)) return { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS };
    if (existing.state === "Ongoing") {
      existing.epochBefore = existing.epoch;
      await this.#abortAndFence(existing);
      // Apache Kafka has it ask again once the abort is through, with the epoch from before the fence.
      if (isAgain) return { errorCode: ErrorCode.PRODUCER_FENCED };
      isAgain = isClaimed;
    }
    existing.timeoutMs = timeoutMs;
    existing.state = "Empty";
    if (!isAgain) {
      existing.epochBefore = isClaimed ? existing.epoch : undefined;
      existing.epoch++;
    }
    if (existing.epoch >= LAST_EPOCH) {
      existing.producerId = await this.#ports.producerIds.next();
      existing.epoch = 0;
    }
    this.#save(existing);
    const { producerId, epoch: producerEpoch } = existing;
    await this.#ports.journal.flush();
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch };
  }

  async #create(id: string, timeoutMs: number): Promise<InitResult> {
    const producerId = await this.#ports.producerIds.next();
    // Another request for the same id may have been quicker.
    if (this.#transactions.has(id)) return { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS };
    const transaction = newTransaction(id, producerId, timeoutMs, this.#ports.clock.nowMs());
    this.#transactions.set(id, transaction);
    this.#save(transaction);
    await this.#ports.journal.flush();
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 };
  }

  /** The transaction that the claim belongs to, or why there is none. */
  #claimed(claim: ProducerClaim): Transaction | ErrorCode {
    const transaction = this.#transactions.get(claim.transactionalId);
    if (transaction === undefined || transaction.producerId !== claim.producerId) {
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    }
    if (transaction.epoch !== claim.producerEpoch) return ErrorCode.PRODUCER_FENCED;
    return isEnding(transaction) ? ErrorCode.CONCURRENT_TRANSACTIONS : transaction;
  }

  #begin(transaction: Transaction): void {
    if (transaction.state === "Ongoing") return;
    transaction.state = "Ongoing";
    transaction.startedMs = this.#ports.clock.nowMs();
    transaction.partitions.clear();
    transaction.offsets.clear();
    this.#watchTime(transaction);
  }

  #watchTime(transaction: Transaction): void {
    transaction.timer?.cancel();
    const { clock } = this.#ports;
    const leftMs = Math.max(0, transaction.startedMs + transaction.timeoutMs - clock.nowMs());
    transaction.timer = clock.setTimer(leftMs, () => {
      if (transaction.state !== "Ongoing") return;
      this.#abortAndFence(transaction).catch((error: unknown) =>
        this.#ports.onFailure(error, transaction.id),
      );
    });
  }

  /** Takes partitions into the transaction; they must exist. */
  async addPartitions(
    claim: ProducerClaim,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<ErrorCode> {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    this.#begin(transaction);
    for (const { topic, partition } of partitions) addPartition(transaction, topic, partition);
    this.#save(transaction);
    await this.#ports.journal.flush();
    return ErrorCode.NONE;
  }

  /** Takes a group's offsets into the transaction. */
  async addGroup(claim: ProducerClaim, groupId: string): Promise<ErrorCode> {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    this.#begin(transaction);
    if (!transaction.offsets.has(groupId)) transaction.offsets.set(groupId, []);
    this.#save(transaction);
    await this.#ports.journal.flush();
    return ErrorCode.NONE;
  }

  /** Whether offsets of the group may go into the transaction: it must be open and have the group. */
  offsetsError(claim: ProducerClaim, groupId: string): ErrorCode {
    if (claim.transactionalId === "") return ErrorCode.INVALID_REQUEST;
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    const isOpen = transaction.state === "Ongoing" && transaction.offsets.has(groupId);
    return isOpen ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
  }

  /** Keeps offsets that become good with the commit. */
  async addOffsets(
    claim: ProducerClaim,
    groupId: string,
    offsets: readonly PendingOffset[],
  ): Promise<ErrorCode> {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    const pending = transaction.offsets.get(groupId);
    if (transaction.state !== "Ongoing" || pending === undefined) return ErrorCode.INVALID_TXN_STATE;
    pending.push(...offsets);
    this.#save(transaction);
    await this.#ports.journal.flush();
    return ErrorCode.NONE;
  }

  /** Whether a transactional batch may be appended: its partition must be part of an open transaction. */
  produceError(claim: ProducerClaim, topic: string, partition: number): ErrorCode {
    const transaction = this.#transactions.get(claim.transactionalId);
    if (transaction === undefined || transaction.producerId !== claim.producerId) {
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    }
    if (transaction.epoch !== claim.producerEpoch) return ErrorCode.INVALID_PRODUCER_EPOCH;
    const isOpen =
      transaction.state === "Ongoing" && transaction.partitions.get(topic)?.has(partition) === true;
    return isOpen ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
  }

  /** True if an open transaction will perhaps change this offset. */
  hasPendingOffset(groupId: string, topic: string, partition: number): boolean {
    return this.all().some((transaction) =>
      transaction.offsets
        .get(groupId)
        ?.some((offset) => offset.topic === topic && offset.partition === partition),
    );
  }

  /** Commits or aborts. Resolves when it is done everywhere and on the disk. */
  async end(claim: ProducerClaim, committed: boolean): Promise<ErrorCode> {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    switch (transaction.state) {
      case "Ongoing":
        await this.#decide(transaction, committed ? "commit" : "abort");
        return ErrorCode.NONE;
      case "CompleteCommit":
        return committed ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
      case "CompleteAbort":
        return committed ? ErrorCode.INVALID_TXN_STATE : ErrorCode.NONE;
      default:
        return ErrorCode.INVALID_TXN_STATE;
    }
  }

  /** Aborts for a producer that is gone or too slow; the new epoch keeps it from writing on. */
  async #abortAndFence(transaction: Transaction): Promise<void> {
    transaction.epoch++;
    await this.#decide(transaction, "abort");
  }

  async #decide(transaction: Transaction, marker: Marker): Promise<void> {
    transaction.timer?.cancel();
    transaction.state = marker === "commit" ? "PrepareCommit" : "PrepareAbort";
    try {
      this.#save(transaction);
    } catch (error) {
      // Nothing is decided that is not written down.
      transaction.state = "Ongoing";
      this.#watchTime(transaction);
      throw error;
    }
    // From here on the decision stands, whatever happens.
    await this.#ports.journal.flush();
    await this.#carryOutOrRetry(transaction);
  }

  /** A decision stands even if the disk is full just now: it is tried again until it is carried out. */
  async #carryOutOrRetry(transaction: Transaction): Promise<void> {
    try {
      await this.#carryOut(transaction);
    } catch (error) {
      // The next start carries it out: neither a failure to tell of, nor one to try again.
      if (this.#closed) throw error;
      this.#ports.onFailure(error, transaction.id);
      transaction.timer = this.#ports.clock.setTimer(RETRY_MS, () => {
        void this.#carryOutOrRetry(transaction).catch(() => {
          // Reported above, and the next attempt is under way.
        });
      });
      throw error;
    }
  }

  async #carryOut(transaction: Transaction): Promise<void> {
    const { journal, topics, offsets } = this.#ports;
    const marker: Marker = transaction.state === "PrepareCommit" ? "commit" : "abort";
    const logs: PartitionLog[] = [];
    for (const [topic, partitions] of transaction.partitions) {
      for (const partition of partitions) {
        // The topic may have been deleted in the meantime.
        const log = topics.partition(topic, partition);
        if (log === undefined) continue;
        this.#mark(log, transaction, marker);
        logs.push(log);
      }
    }
    await Promise.all(logs.map((log) => log.whenDurable(log.endOffset)));
    if (marker === "commit") {
      for (const [group, pending] of transaction.offsets) offsets.commit(group, pending);
    }
    const done: Transaction = {
      ...transaction,
      state: marker === "commit" ? "CompleteCommit" : "CompleteAbort",
      partitions: new Map(),
      offsets: new Map(),
    };
    journal.put([this.#entry(done)]);
    transaction.partitions.clear();
    transaction.offsets.clear();
    transaction.state = done.state;
    await journal.flush();
  }

  #mark(log: PartitionLog, { producerId, epoch }: Transaction, marker: Marker): void {
    const nowMs = this.#ports.clock.nowMs();
    const batch = buildMarker(marker, producerId, epoch, nowMs);
    const header = readBatchHeader(batch);
    if (header === undefined) throw new Error("a marker that is no batch");
    log.appendUnchecked(batch, header, nowMs);
  }

  /** Forgets transactional ids that have not been used since `beforeMs`. */
  expire(beforeMs: number): void {
    const { journal } = this.#ports;
    for (const transaction of this.all()) {
      const isOver = transaction.state !== "Ongoing" && !isEnding(transaction);
      if (!isOver || transaction.updatedMs > beforeMs) continue;
      this.#transactions.delete(transaction.id);
      journal.put([{ key: JSON.stringify([KIND, transaction.id]), value: null }]);
    }
  }

  close(): void {
    this.#closed = true;
    for (const transaction of this.#transactions.values()) transaction.timer?.cancel();
  }
}
