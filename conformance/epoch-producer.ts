import { endTxn } from "../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { NULL_UUID } from "../packages/broker/src/protocol/schema.ts";
import { oneBatch } from "./requests.ts";
import type { Session } from "./session.ts";
import { type Claim, isThrough, transactionalBatch } from "./transactional-requests.ts";

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
    const { producerId, producerEpoch } = await session.sendUntil(initProducerId, 5, body, isThrough, step);
    return new EpochProducer(session, { transactionalId, producerId, producerEpoch });
  }

  /** Sends one batch in the transaction, which its partition joins by it. */
  async send(name: string, values: readonly string[], step = "produce", sent: Sent = {}): Promise<void> {
    const { partition = 0, version = 12, topicId = NULL_UUID, claim = this.claim } = sent;
    const place = `${name} ${partition}`;
    const due = this.#sequences.get(place) ?? 0;
    const { sequence = due } = sent;
    if (claim === this.claim) this.#sequences.set(place, sequence + values.length);
    const records = transactionalBatch(claim, sequence, values);
    const { transactionalId } = claim;
    const body = oneBatch(name, records, { transactionalId, topicId, index: partition });
    await this.#session.sendUntil(
      produce,
      version,
      body,
      ({ responses }) => isThrough(responses[0]?.partitionResponses[0]),
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
      ({ topics }) => isThrough(topics[0]?.partitions[0]),
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
    return this.#session.sendUntil(endTxn, version, { ...claim, committed }, isThrough, step);
  }
}
