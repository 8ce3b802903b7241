import type { ProducerState } from "../producers/producer-state.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { type BatchHeader, isTransactional } from "../storage/record-batch.ts";
import type { ProducerClaim } from "../transactions/producer-identity.ts";
import type { Place } from "../transactions/transaction-coordinator.ts";
import { readBatch } from "./batch-check.ts";
import type { RequestContext } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

/** From this version on a producer is told that it can abort and go on. */
const ABORTABLE_SINCE = 11;
/** From this version on records bring their partition into the transaction. */
const JOINS_SINCE = 12;

/** A partition of a produce request that there is, and what is to be appended to it. */
export interface Addressed extends Place {
  readonly records: Buffer | null;
}

interface Transactional {
  readonly place: Place;
  readonly header: BatchHeader;
}

/** Judges the transactional batches of one produce request by the transaction that they belong to. */
export class TransactionGate {
  readonly #transactionalId: string | null;
  readonly #context: RequestContext;
  readonly #batches: readonly Transactional[];
  /** What came of bringing all their partitions into the transaction; undefined as long as nobody has asked. */
  #joined: ErrorCode | undefined;

  constructor(transactionalId: string | null, addressed: Iterable<Addressed>, context: RequestContext) {
    this.#transactionalId = transactionalId;
    this.#context = context;
    // Without an id no transactional batch is looked at.
    this.#batches = transactionalId === null ? [] : [...transactional(addressed, context.version)];
  }

  /** A transaction has one producer: of two of them in what could be appended, nothing is. */
  get isOfSeveral(): boolean {
    const [first] = this.#batches;
    return this.#batches.some(
      ({ header }) =>
        header.producerId !== first?.header.producerId || header.producerEpoch !== first.header.producerEpoch,
    );
  }

  /** Why a batch may not be appended to its partition as part of a transaction; NONE where it is in none. */
  admit(header: BatchHeader, place: Place, producers: ProducerState): ErrorCode {
    const { transactions, version, clock } = this.#context;
    const { producerId, producerEpoch } = header;
    if (this.#transactionalId === null || producerId < 0 || !isTransactional(header)) {
      return ErrorCode.NONE;
    }
    if (!producers.announce(header, version >= JOINS_SINCE, clock.nowMs()))
      return ErrorCode.INVALID_PRODUCER_EPOCH;
    const claim = { transactionalId: this.#transactionalId, producerId, producerEpoch };
    if (version < JOINS_SINCE) return told(transactions.verify(claim, place), version);
    this.#joined ??= this.#join(claim);
    return told(this.#joined, version);
  }

  /** All partitions come into the transaction at once, or none. */
  #join(claim: ProducerClaim): ErrorCode {
    const { transactions, settings } = this.#context;
    try {
      return transactions.join(
        claim,
        this.#batches.map(({ place }) => place),
      );
    } catch (error) {
      storageErrorCode(error, settings, { transactionalId: claim.transactionalId });
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
  }

  /**
   * Resolves when the partitions are in their transaction for good: with the code that the request is answered with
   * where the disk has refused it after all.
   */
  async settled(): Promise<ErrorCode> {
    if (this.#joined !== ErrorCode.NONE) return ErrorCode.NONE;
    try {
      await this.#context.transactions.flush();
      return ErrorCode.NONE;
    } catch (error) {
      return storageErrorCode(error, this.#context.settings, {});
    }
  }
}

/** What is to be appended in a producer's transaction. A batch of nobody is in none, whatever it says. */
function* transactional(addressed: Iterable<Addressed>, version: number): Generator<Transactional> {
  for (const { topic, partition, records } of addressed) {
    const sent = readBatch(records, version);
    if (sent.kind !== "read" || sent.header.producerId < 0 || !isTransactional(sent.header)) continue;
    yield { place: { topic, partition }, header: sent.header };
  }
}

/** What the coordinator of transactions says, in the words of this API. */
function told(errorCode: ErrorCode, version: number): ErrorCode {
  switch (errorCode) {
    case ErrorCode.PRODUCER_FENCED:
      return ErrorCode.INVALID_PRODUCER_EPOCH;
    case ErrorCode.INVALID_TXN_STATE:
      return version >= ABORTABLE_SINCE ? ErrorCode.TRANSACTION_ABORTABLE : errorCode;
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      return version >= JOINS_SINCE ? errorCode : ErrorCode.NOT_ENOUGH_REPLICAS;
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      return ErrorCode.NOT_ENOUGH_REPLICAS;
    default:
      return errorCode;
  }
}
