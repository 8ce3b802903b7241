import { addPartitionsToTxn } from "../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { endTxn } from "../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../packages/broker/test/batches.ts";
import { oneBatch } from "./requests.ts";
import type { Session } from "./session.ts";

const TRANSACTIONAL = 0x10;
/** Near the markers' own time: Apache Kafka begins a new segment, and ends a fetch, where times are far apart. */
const STARTED_MS = Date.now();
/** Apache Kafka is still writing the markers of the transaction before. */
const CONCURRENT_TRANSACTIONS = 51;

/** A transactional producer, whose answers are all compared. */
export class TransactionalProducer {
  readonly #session: Session;
  readonly claim: {
    readonly transactionalId: string;
    readonly producerId: number;
    readonly producerEpoch: number;
  };
  readonly #sequences = new Map<string, number>();

  private constructor(session: Session, transactionalId: string, producerId: number, producerEpoch: number) {
    this.#session = session;
    this.claim = { transactionalId, producerId, producerEpoch };
  }

  static async init(session: Session, transactionalId: string, version = 5): Promise<TransactionalProducer> {
    const body = { transactionalId, transactionTimeoutMs: 60_000 };
    const isFinal = ({ errorCode }: { readonly errorCode: number }): boolean =>
      errorCode !== CONCURRENT_TRANSACTIONS;
    const answer = await session.sendUntil(initProducerId, version, body, isFinal, "init");
    return new TransactionalProducer(session, transactionalId, answer.producerId, answer.producerEpoch);
  }

  async addPartition(name: string, partition = 0, version = 3): Promise<void> {
    const body = { ...this.claim, topics: [{ name, partitions: [partition] }] };
    await this.#session.sendUntil(
      addPartitionsToTxn,
      version,
      body,
      ({ results }) => results[0]?.resultsByPartition[0]?.partitionErrorCode !== CONCURRENT_TRANSACTIONS,
      "add partition",
    );
  }

  async send(name: string, values: readonly string[], step = "produce"): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this.claim;
    const sequence = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, sequence + values.length);
    const batch = clientBatch({
      values,
      producerId,
      producerEpoch,
      sequence,
      attributes: TRANSACTIONAL,
      timestampMs: STARTED_MS,
    });
    await this.#session.attempt(produce, 11, oneBatch(name, batch, { transactionalId }), step);
  }

  async end(committed: boolean, step = "end", version = 4): Promise<void> {
    const isFinal = ({ errorCode }: { readonly errorCode: number }): boolean =>
      errorCode !== CONCURRENT_TRANSACTIONS;
    await this.#session.sendUntil(endTxn, version, { ...this.claim, committed }, isFinal, step);
  }
}
