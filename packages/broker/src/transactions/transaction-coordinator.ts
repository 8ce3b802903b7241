import type { Clock } from "../clock.ts";
import { groupPartition } from "../groups/offset-records.ts";
import type { OffsetStore } from "../groups/offset-store.ts";
import type { ProducerIds } from "../producers/producer-ids.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import type { Journal, JournalEntry } from "../storage/journal.ts";
import type { PartitionLog } from "../storage/partition-log.ts";
import { readBatchHeader } from "../storage/record-batch.ts";
import { buildMarker, type Marker } from "../storage/transaction-marker.ts";
import { CONSUMER_OFFSETS } from "../topics/internal-topics.ts";
import type { TopicStore } from "../topics/topic-store.ts";
import { judgeEnd, judgeEpochEnd, type Refusal } from "./end-verdict.ts";
import {
  adoptNextProducerId,
  endEpoch,
  type Identity,
  identityAfter,
  mayBe,
  type ProducerClaim,
  renew,
} from "./producer-identity.ts";
import {
  addPartition,
  hasPartition,
  isEnding,
  newTransaction,
  type PendingOffset,
  removePartition,
  restoredTransaction,
  type SavedTransaction,
  savedTransaction,
  type Transaction,
} from "./transaction.ts";

const KIND = "transaction";
const RETRY_MS = 1000;

interface Ports {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly topics: TopicStore;
  readonly offsets: OffsetStore;
  /** How many partitions `__consumer_offsets` gets. */
  readonly offsetsTopicPartitions: number;
  readonly producerIds: ProducerIds;
  readonly onFailure: (error: unknown, transactionalId: string) => void;
}

/** What a producer is told: who it is from now on, or why not. */
export type Identified =
  | ({ readonly errorCode: typeof ErrorCode.NONE } & Identity)
  | { readonly errorCode: Refusal };

/** A partition by its topic's name. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Transactions over partitions and group offsets. The decision to commit or abort is on the disk before the
 * first marker is written; after a crash a decided transaction is carried out to its end at start.
 *
 * Both protocols of clients are served side by side. In the older one a producer names its partitions and groups
 * before it writes, and its epoch stays the same; in that of KIP-890 its first records name the partition, and
 * every transaction ends an epoch. Which one a producer speaks shows in each of its requests.
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
    if (this.#adoptOpen()) await this.#ports.journal.flush();
    for (const transaction of this.#transactions.values()) {
      if (isEnding(transaction)) await this.#carryOut(transaction);
      else if (transaction.state === "Ongoing") this.#watchTime(transaction);
    }
  }

  /**
   * Records that brought their partition into a transaction may have reached the disk before the journal did: then
   * the partition is taken in now. None of them was acknowledged. Returns whether there were any.
   */
  #adoptOpen(): boolean {
    const byProducer = new Map(this.all().map((transaction) => [transaction.producerId, transaction]));
    let isChanged = false;
    for (const { name, partitions } of this.#ports.topics.all()) {
      for (const [partition, log] of partitions.entries()) {
        for (const { producerId, epoch } of log.producers.undecided()) {
          const transaction = byProducer.get(producerId);
          if (transaction === undefined || transaction.epoch !== epoch || isEnding(transaction)) continue;
          if (hasPartition(transaction, name, partition)) continue;
          this.#take(transaction, [{ topic: name, partition }]);
          isChanged = true;
        }
      }
    }
    return isChanged;
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
  async init(id: string, timeoutMs: number, claimed: Identity): Promise<Identified> {
    const existing = this.#transactions.get(id);
    if (existing === undefined) return this.#create(id, timeoutMs);
    if (!mayBe(existing, claimed)) return { errorCode: ErrorCode.PRODUCER_FENCED };
    if (existing.state === "Ongoing") await this.#abortAndFence(existing);
    // Another request may have come while that was under way.
    if (existing.state === "Ongoing" || isEnding(existing)) {
      return { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS };
    }
    const errorCode = renew(existing, claimed, () => this.#ports.producerIds.take());
    if (errorCode !== ErrorCode.NONE) return { errorCode };
    existing.timeoutMs = timeoutMs;
    existing.state = "Empty";
    this.#save(existing);
    return this.#identified(existing);
  }

  /** Tells the producer who it is, when that is on the disk. */
  async #identified({ producerId, epoch: producerEpoch }: Transaction): Promise<Identified> {
    await this.#ports.journal.flush();
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch };
  }

  async #create(id: string, timeoutMs: number): Promise<Identified> {
    const producerId = await this.#ports.producerIds.next();
    // Another request for the same id may have been quicker.
    if (this.#transactions.has(id)) return { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS };
    const transaction = newTransaction(id, producerId, timeoutMs, this.#ports.clock.nowMs());
    this.#transactions.set(id, transaction);
    this.#save(transaction);
    return this.#identified(transaction);
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
  async addPartitions(claim: ProducerClaim, places: readonly Place[]): Promise<ErrorCode> {
    const errorCode = this.join(claim, places);
    if (errorCode === ErrorCode.NONE) await this.flush();
    return errorCode;
  }

  /**
   * The same at once: it is durable when `flush` has resolved. What is appended to the partitions in the meantime is
   * not lost to the transaction by a crash.
   */
  join(claim: ProducerClaim, places: readonly Place[]): ErrorCode {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    this.#take(transaction, places);
    return ErrorCode.NONE;
  }

  #take(transaction: Transaction, places: readonly Place[]): void {
    const isNew = ({ topic, partition }: Place): boolean => !hasPartition(transaction, topic, partition);
    const fresh = places.filter(isNew);
    if (transaction.state === "Ongoing" && fresh.length === 0) return;
    this.#extend(
      transaction,
      () => {
        for (const { topic, partition } of fresh) addPartition(transaction, topic, partition);
      },
      () => {
        for (const { topic, partition } of fresh) removePartition(transaction, topic, partition);
      },
    );
  }

  /** Adds something to the open transaction, or to a new one. What the disk refuses is taken back. */
  #extend(transaction: Transaction, add: () => void, takeBack: () => void): void {
    const { state, startedMs, updatedMs } = transaction;
    this.#begin(transaction);
    add();
    try {
      this.#save(transaction);
    } catch (error) {
      takeBack();
      if (state !== "Ongoing") {
        transaction.timer?.cancel();
        Object.assign(transaction, { state, startedMs, updatedMs });
      }
      throw error;
    }
  }

  /** Resolves when everything that was taken into transactions so far is on the disk. */
  flush(): Promise<void> {
    return this.#ports.journal.flush();
  }

  /** Takes a group's offsets into the transaction. */
  async addGroup(claim: ProducerClaim, groupId: string): Promise<ErrorCode> {
    const errorCode = this.joinGroup(claim, groupId);
    if (errorCode === ErrorCode.NONE) await this.flush();
    return errorCode;
  }

  /** The same at once: it is durable when `flush` has resolved. */
  joinGroup(claim: ProducerClaim, groupId: string): ErrorCode {
    if (claim.transactionalId === "") return ErrorCode.INVALID_REQUEST;
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    if (transaction.state === "Ongoing" && transaction.offsets.has(groupId)) return ErrorCode.NONE;
    this.#extend(
      transaction,
      () => transaction.offsets.set(groupId, []),
      () => transaction.offsets.delete(groupId),
    );
    return ErrorCode.NONE;
  }

  /**
   * True if the transaction has the group, or another one whose offsets are kept in the same partition of
   * `__consumer_offsets`: it is these partitions that Apache Kafka takes into a transaction.
   */
  #hasGroup({ offsets }: Transaction, groupId: string): boolean {
    if (offsets.has(groupId)) return true;
    const { topics, offsetsTopicPartitions } = this.#ports;
    const count = topics.get(CONSUMER_OFFSETS)?.partitions.length ?? offsetsTopicPartitions;
    const partition = groupPartition(groupId, count);
    return [...offsets.keys()].some((other) => groupPartition(other, count) === partition);
  }

  /** Whether offsets of the group may go into the transaction: it must be open and have the group. */
  offsetsError(claim: ProducerClaim, groupId: string): ErrorCode {
    if (claim.transactionalId === "") return ErrorCode.INVALID_REQUEST;
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    const isOpen = transaction.state === "Ongoing" && this.#hasGroup(transaction, groupId);
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
    if (transaction.state !== "Ongoing" || !this.#hasGroup(transaction, groupId))
      return ErrorCode.INVALID_TXN_STATE;
    const before = transaction.offsets.get(groupId);
    this.#extend(
      transaction,
      () => transaction.offsets.set(groupId, [...(before ?? []), ...offsets]),
      () =>
        before === undefined ? transaction.offsets.delete(groupId) : transaction.offsets.set(groupId, before),
    );
    await this.#ports.journal.flush();
    return ErrorCode.NONE;
  }

  /** Whether a transactional batch may be appended: its partition must be part of an open transaction. */
  verify(claim: ProducerClaim, { topic, partition }: Place): ErrorCode {
    const transaction = this.#claimed(claim);
    if (typeof transaction === "number") return transaction;
    const isOpen = transaction.state === "Ongoing" && hasPartition(transaction, topic, partition);
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

  /**
   * Commits or aborts. Resolves when it is done everywhere and on the disk, with who the producer is from then on:
   * where the transaction ends its epoch, one of the next.
   */
  async end(claim: ProducerClaim, marker: Marker, endsEpoch: boolean): Promise<Identified> {
    const transaction = this.#transactions.get(claim.transactionalId);
    if (transaction === undefined) return { errorCode: ErrorCode.INVALID_PRODUCER_ID_MAPPING };
    const verdict = (endsEpoch ? judgeEpochEnd : judgeEnd)(transaction, claim, marker);
    switch (verdict.kind) {
      case "refused":
        return { errorCode: verdict.errorCode };
      case "carry out":
        return { errorCode: ErrorCode.NONE, ...(await this.#decide(transaction, verdict.marker, endsEpoch)) };
      case "done before":
        return { errorCode: ErrorCode.NONE, ...identityAfter(transaction) };
    }
  }

  /** Aborts for a producer that is gone or too slow; the new epoch keeps it from writing on. */
  async #abortAndFence(transaction: Transaction): Promise<void> {
    await this.#decide(transaction, "abort", true);
  }

  async #decide(transaction: Transaction, marker: Marker, endsEpoch: boolean): Promise<Identity> {
    transaction.timer?.cancel();
    const before = { ...transaction };
    try {
      this.#begin(transaction);
      transaction.timer?.cancel();
      if (endsEpoch) endEpoch(transaction, () => this.#ports.producerIds.take());
      transaction.state = marker === "commit" ? "PrepareCommit" : "PrepareAbort";
      this.#save(transaction);
    } catch (error) {
      // Nothing is decided that is not written down.
      Object.assign(transaction, before);
      if (transaction.state === "Ongoing") this.#watchTime(transaction);
      throw error;
    }
    // From here on the decision stands, whatever happens. The producer may have another identity when it is through.
    const identity = identityAfter(transaction);
    await this.#ports.journal.flush();
    await this.#carryOutOrRetry(transaction);
    return identity;
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
    adoptNextProducerId(done);
    journal.put([this.#entry(done)]);
    transaction.partitions.clear();
    transaction.offsets.clear();
    transaction.state = done.state;
    adoptNextProducerId(transaction);
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
