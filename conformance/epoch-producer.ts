import { endTxn } from "../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { NULL_UUID } from "../packages/broker/src/protocol/schema.ts";
import { clientBatch } from "../packages/broker/test/batches.ts";
import { oneBatch } from "./requests.ts";
import type { Session } from "./session.ts";

const TRANSACTIONAL = 0x10;
/** Times of records are near the clock: Apache Kafka begins a new segment, and ends a fetch, where times are far apart. */
const STARTED_MS = Date.now();
/** Apache Kafka is still writing the markers of the transaction before. */
const CONCURRENT_TRANSACTIONS = 51;

export interface Claim {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

interface Sent {
  readonly partition?: number;
  readonly version?: number;
  readonly topicId?: string;
  readonly claim?: Claim;
  readonly sequence?: number;
}

/** A producer whose transactions each end its epoch (KIP-890), with all that it is answered compared. */
export class EpochProducer {
  readonly #session: Session;
  readonly #sequences = new Map<string, number>();
  /** Who it is now. */
  claim: Claim;

  private constructor(session: Session, claim: Claim) {
    this.#session = session;
    this.claim = claim;
  }

  static async init(
    session: Session,
    transactionalId: string,
    fields: Partial<Claim> = {},
    step = "init",
  ): Promise<EpochProducer> {
    const body = { transactionalId, transactionTimeoutMs: 60_000, ...fields };
    const isFinal = ({ errorCode }: { readonly errorCode: number }): boolean =>
      errorCode !== CONCURRENT_TRANSACTIONS;
    const { producerId, producerEpoch } = await session.sendUntil(initProducerId, 5, body, isFinal, step);
    return new EpochProducer(session, { transactionalId, producerId, producerEpoch });
  }

  /** Sends one batch in the transaction, which its partition joins by it. */
  async send(name: string, values: readonly string[], step = "produce", sent: Sent = {}): Promise<void> {
    const { partition = 0, version = 12, topicId = NULL_UUID, claim = this.claim } = sent;
    const place = `${name} ${partition}`;
    const due = this.#sequences.get(place) ?? 0;
    const { sequence = due } = sent;
    if (claim === this.claim) this.#sequences.set(place, sequence + values.length);
    const { transactionalId, producerId, producerEpoch } = claim;
    const records = clientBatch({
      values,
      producerId,
      producerEpoch,
      sequence,
      attributes: TRANSACTIONAL,
      timestampMs: STARTED_MS,
    });
    const body = oneBatch(name, records, { transactionalId, topicId, index: partition });
    await this.#session.sendUntil(
      produce,
      version,
      body,
      ({ responses }) => responses[0]?.partitionResponses[0]?.errorCode !== CONCURRENT_TRANSACTIONS,
      step,
    );
  }

  /** Commits an offset of the group, which joins the transaction by it. */
  async commitOffset(
    groupId: string,
    name: string,
    committedOffset: number,
    step = "offset",
    { version = 5, claim = this.claim, ...fields }: Sent & { readonly generationId?: number } = {},
  ): Promise<void> {
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: "m" }];
    const body = { ...claim, groupId, topics: [{ name, partitions }], ...fields };
    await this.#session.sendUntil(
      txnOffsetCommit,
      version,
      body,
      ({ topics }) => topics[0]?.partitions[0]?.errorCode !== CONCURRENT_TRANSACTIONS,
      step,
    );
  }

  /** Ends the transaction and takes the identity that the answer tells. */
  async end(committed: boolean, step = "end"): Promise<void> {
    const { errorCode, producerId, producerEpoch } = await this.endAs(this.claim, committed, step);
    if (errorCode !== 0) return;
    this.claim = { ...this.claim, producerId, producerEpoch };
    this.#sequences.clear();
  }

  /** Ends it under some identity, and stays who it is. */
  endAs(claim: Claim, committed: boolean, step: string, version = 5) {
    const isFinal = ({ errorCode }: { readonly errorCode: number }): boolean =>
      errorCode !== CONCURRENT_TRANSACTIONS;
    return this.#session.sendUntil(endTxn, version, { ...claim, committed }, isFinal, step);
  }
}
