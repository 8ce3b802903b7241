import { addPartitionsToTxn } from "../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { endTxn } from "../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { oneBatch } from "./requests.ts";
import type { Session } from "./session.ts";
import { type Claim, isThrough, transactionalBatch } from "./transactional-requests.ts";

/** A transactional producer, whose answers are all compared. */
export class TransactionalProducer {
  readonly #session: Session;
  readonly claim: Claim;
  readonly #sequences = new Map<string, number>();

  private constructor(session: Session, transactionalId: string, producerId: number, producerEpoch: number) {
    this.#session = session;
    this.claim = { transactionalId, producerId, producerEpoch };
  }

  static async init(session: Session, transactionalId: string, version = 5): Promise<TransactionalProducer> {
    const body = { transactionalId, transactionTimeoutMs: 60_000 };
    const answer = await session.sendUntil(initProducerId, version, body, isThrough, "init");
    return new TransactionalProducer(session, transactionalId, answer.producerId, answer.producerEpoch);
  }

  async addPartition(name: string, partition = 0, version = 3): Promise<void> {
    const body = { ...this.claim, topics: [{ name, partitions: [partition] }] };
    await this.#session.sendUntil(
      addPartitionsToTxn,
      version,
      body,
      ({ results }) => {
        const errorCode = results[0]?.resultsByPartition[0]?.partitionErrorCode ?? 0;
        return isThrough({ errorCode });
      },
      "add partition",
    );
  }

  async send(name: string, values: readonly string[], step = "produce"): Promise<void> {
    const sequence = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, sequence + values.length);
    const batch = transactionalBatch(this.claim, sequence, values);
    const { transactionalId } = this.claim;
    await this.#session.attempt(produce, 11, oneBatch(name, batch, { transactionalId }), step);
  }

  async end(committed: boolean, step = "end", version = 4): Promise<void> {
    await this.#session.sendUntil(endTxn, version, { ...this.claim, committed }, isThrough, step);
  }
}
