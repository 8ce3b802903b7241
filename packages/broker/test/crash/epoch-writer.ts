import assert from "node:assert/strict";
import { endTxn } from "../../src/protocol/messages/end-txn.ts";
import { produce } from "../../src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../../src/protocol/messages/txn-offset-commit.ts";
import { TRANSACTIONAL_MASK } from "../../src/storage/record-batch.ts";
import { clientBatch } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { initProducer, type ProducerIdentity } from "./requests.ts";
import { PARTITIONS, TransactionLedger } from "./transaction-ledger.ts";
import type { Round, Workload } from "./workload.ts";

const COMMITTED = 0.6;
const LATE = 0.1;
const INVALID_PRODUCER_EPOCH = 47;
/** One start in so many is of a new producer; at the others the former one goes on. */
const ANEW_EVERY = 3;

/**
 * Transactions that each end an epoch (KIP-890): partitions and the group come in with the first records. The producer
 * outlives most crashes and asks again for the end that it has not heard of: a commit whose records were all
 * acknowledged must be one then.
 */
export class EpochWriter implements Workload {
  readonly name: string;
  readonly #ledger: TransactionLedger;
  #producer: ProducerIdentity = { producerId: -1, producerEpoch: -1 };
  #starts = 0;

  constructor(id: string) {
    this.#ledger = new TransactionLedger(id);
    this.name = `epoch writer ${id}`;
  }

  async prepare(client: RawClient): Promise<void> {
    await this.#ledger.prepare(client);
    this.#producer = await initProducer(client, this.#ledger.id);
  }

  async work(client: RawClient, round: Round): Promise<never> {
    for (;;) {
      const number = this.#ledger.begin();
      const former = this.#producer;
      await this.#fill(client, number);
      const committed = round.random() < COMMITTED;
      this.#ledger.set(number, committed ? "committing" : "aborted");
      await this.#end(client, committed);
      if (committed) this.#ledger.set(number, "committed");
      round.acknowledged();
      if (round.random() < LATE) {
        const code = await this.#send(client, 0, number, { ...former, sequence: 1 });
        assert.equal(code, INVALID_PRODUCER_EPOCH, "records of an epoch that has ended are refused");
      }
    }
  }

  async #fill(client: RawClient, number: number): Promise<void> {
    const { id } = this.#ledger;
    const codes = PARTITIONS.map((partition) =>
      this.#send(client, partition, number, { ...this.#producer, sequence: 0 }),
    );
    for (const code of await Promise.all(codes)) assert.equal(code, 0, "Produce");
    const partitions = [{ partitionIndex: 0, committedOffset: number + 1, committedMetadata: "" }];
    const claim = { transactionalId: id, ...this.#producer, groupId: id };
    const kept = await client.send(txnOffsetCommit, 5, { ...claim, topics: [{ name: id, partitions }] });
    assert.equal(kept.topics[0]?.partitions[0]?.errorCode, 0, "TxnOffsetCommit");
  }

  async #send(
    client: RawClient,
    index: number,
    number: number,
    identity: ProducerIdentity & { readonly sequence: number },
  ): Promise<number | undefined> {
    const { id } = this.#ledger;
    const record = { values: [`x${number}`], keys: [`x${number}`] };
    const records = clientBatch({ ...record, ...identity, attributes: TRANSACTIONAL_MASK });
    const topicData = [{ name: id, partitionData: [{ index, records }] }];
    const body = { transactionalId: id, acks: -1, timeoutMs: 1000, topicData };
    const answer = await client.send(produce, 12, body);
    return answer.responses[0]?.partitionResponses[0]?.errorCode;
  }

  async #end(client: RawClient, committed: boolean): Promise<void> {
    const claim = { transactionalId: this.#ledger.id, ...this.#producer };
    const { errorCode, producerId, producerEpoch } = await client.send(endTxn, 5, { ...claim, committed });
    assert.equal(errorCode, 0, "EndTxn");
    assert.ok(producerEpoch > claim.producerEpoch, "an end gives a new epoch");
    this.#producer = { producerId, producerEpoch };
  }

  async check(client: RawClient): Promise<void> {
    if (++this.#starts % ANEW_EVERY === 0) this.#producer = await initProducer(client, this.#ledger.id);
    else await this.#goOn(client);
    await this.#ledger.check(client);
  }

  /** Ends what the crash has interrupted, as a producer does that finds its broker again. */
  async #goOn(client: RawClient): Promise<void> {
    const { last } = this.#ledger;
    if (last === undefined) return;
    const { number, outcome } = last;
    await this.#end(client, outcome === "committing");
    if (outcome === "open") this.#ledger.set(number, "aborted");
    if (outcome === "committing") this.#ledger.set(number, "committed");
  }
}
