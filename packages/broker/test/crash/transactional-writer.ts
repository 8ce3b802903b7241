import assert from "node:assert/strict";
import { addOffsetsToTxn } from "../../src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../src/protocol/messages/add-partitions-to-txn.ts";
import { endTxn } from "../../src/protocol/messages/end-txn.ts";
import { txnOffsetCommit } from "../../src/protocol/messages/txn-offset-commit.ts";
import { TRANSACTIONAL_MASK } from "../../src/storage/record-batch.ts";
import { clientBatch } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { initProducer, type ProducerIdentity, produceBatch } from "./requests.ts";
import { PARTITIONS, TransactionLedger } from "./transaction-ledger.ts";
import type { Round, Workload } from "./workload.ts";

const COMMITTED = 0.6;

/** Transactions that name their partitions before they write, committed and aborted by turns. */
export class TransactionalWriter implements Workload {
  readonly name: string;
  readonly #ledger: TransactionLedger;

  constructor(id: string) {
    this.#ledger = new TransactionLedger(id);
    this.name = `transactional writer ${id}`;
  }

  async prepare(client: RawClient): Promise<void> {
    await this.#ledger.prepare(client);
  }

  async work(client: RawClient, round: Round): Promise<never> {
    const producer = await initProducer(client, this.#ledger.id);
    for (let sequence = 0; ; sequence++) {
      const number = this.#ledger.begin();
      await this.#fill(client, producer, number, sequence);
      const committed = round.random() < COMMITTED;
      this.#ledger.set(number, committed ? "committing" : "aborted");
      const claim = { transactionalId: this.#ledger.id, ...producer };
      const answer = await client.send(endTxn, 3, { ...claim, committed });
      assert.equal(answer.errorCode, 0, "EndTxn");
      if (committed) this.#ledger.set(number, "committed");
      round.acknowledged();
    }
  }

  async #fill(
    client: RawClient,
    producer: ProducerIdentity,
    number: number,
    sequence: number,
  ): Promise<void> {
    const { id } = this.#ledger;
    const claim = { transactionalId: id, ...producer };
    const added = await client.send(addPartitionsToTxn, 3, {
      ...claim,
      topics: [{ name: id, partitions: PARTITIONS }],
    });
    for (const { partitionErrorCode } of added.results[0]?.resultsByPartition ?? []) {
      assert.equal(partitionErrorCode, 0, "AddPartitionsToTxn");
    }
    const batch = { values: [`x${number}`], keys: [`x${number}`], ...producer, sequence };
    await Promise.all(
      PARTITIONS.map((partition) => {
        const records = clientBatch({ ...batch, attributes: TRANSACTIONAL_MASK });
        return produceBatch(client, id, partition, records, { transactionalId: id });
      }),
    );
    const group = { groupId: id };
    assert.equal(
      (await client.send(addOffsetsToTxn, 3, { ...claim, ...group })).errorCode,
      0,
      "AddOffsetsToTxn",
    );
    const partitions = [{ partitionIndex: 0, committedOffset: number + 1, committedMetadata: "" }];
    const kept = await client.send(txnOffsetCommit, 3, {
      ...claim,
      ...group,
      topics: [{ name: id, partitions }],
    });
    assert.equal(kept.topics[0]?.partitions[0]?.errorCode, 0, "TxnOffsetCommit");
  }

  async check(client: RawClient): Promise<void> {
    // Takes the id over: what was open is aborted, what was decided is carried out.
    await initProducer(client, this.#ledger.id);
    await this.#ledger.check(client);
  }
}
