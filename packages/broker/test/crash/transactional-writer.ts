import assert from "node:assert/strict";
import { addOffsetsToTxn } from "../../src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../src/protocol/messages/add-partitions-to-txn.ts";
import { endTxn } from "../../src/protocol/messages/end-txn.ts";
import { offsetFetch } from "../../src/protocol/messages/offset-fetch.ts";
import { txnOffsetCommit } from "../../src/protocol/messages/txn-offset-commit.ts";
import { TRANSACTIONAL_MASK } from "../../src/storage/record-batch.ts";
import { clientBatch } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { createTopic, initProducer, type ProducerIdentity, produceBatch, readPartition } from "./requests.ts";
import type { Round, Workload } from "./workload.ts";

const PARTITIONS = [0, 1];
const COMMITTED = 0.6;

/** What the producer knows of one of its transactions. */
type Outcome = "open" | "committing" | "committed" | "aborted";

/**
 * Transactions over two partitions and a group's offset, committed and aborted by turns. Each is seen whole or not
 * at all; the topic is compacted as well, which must not bring aborted records back.
 */
export class TransactionalWriter implements Workload {
  readonly name: string;
  readonly #id: string;
  readonly #outcomes: Outcome[] = [];

  constructor(id: string) {
    this.#id = id;
    this.name = `transactional writer ${id}`;
  }

  async prepare(client: RawClient): Promise<void> {
    await createTopic(client, this.#id, PARTITIONS.length, {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0",
    });
  }

  async work(client: RawClient, round: Round): Promise<never> {
    const producer = await initProducer(client, this.#id);
    for (let sequence = 0; ; sequence++) {
      const number = this.#outcomes.push("open") - 1;
      await this.#fill(client, producer, number, sequence);
      const committed = round.random() < COMMITTED;
      this.#outcomes[number] = committed ? "committing" : "aborted";
      const claim = { transactionalId: this.#id, ...producer };
      const answer = await client.send(endTxn, 3, { ...claim, committed });
      assert.equal(answer.errorCode, 0, "EndTxn");
      if (committed) this.#outcomes[number] = "committed";
      round.acknowledged();
    }
  }

  async #fill(
    client: RawClient,
    producer: ProducerIdentity,
    number: number,
    sequence: number,
  ): Promise<void> {
    const claim = { transactionalId: this.#id, ...producer };
    const topics = [{ name: this.#id, partitions: PARTITIONS }];
    const added = await client.send(addPartitionsToTxn, 3, { ...claim, topics });
    for (const { partitionErrorCode } of added.results[0]?.resultsByPartition ?? []) {
      assert.equal(partitionErrorCode, 0, "AddPartitionsToTxn");
    }
    const batch = { values: [`x${number}`], keys: [`x${number}`], ...producer, sequence };
    await Promise.all(
      PARTITIONS.map((partition) => {
        const records = clientBatch({ ...batch, attributes: TRANSACTIONAL_MASK });
        return produceBatch(client, this.#id, partition, records, { transactionalId: this.#id });
      }),
    );
    const group = { groupId: this.#id };
    assert.equal(
      (await client.send(addOffsetsToTxn, 3, { ...claim, ...group })).errorCode,
      0,
      "AddOffsetsToTxn",
    );
    const partitions = [{ partitionIndex: 0, committedOffset: number + 1, committedMetadata: "" }];
    const kept = await client.send(txnOffsetCommit, 3, {
      ...claim,
      ...group,
      topics: [{ name: this.#id, partitions }],
    });
    assert.equal(kept.topics[0]?.partitions[0]?.errorCode, 0, "TxnOffsetCommit");
  }

  async check(client: RawClient): Promise<void> {
    // Takes the id over: what was open is aborted, what was decided is carried out.
    await initProducer(client, this.#id);
    const views = await Promise.all(
      PARTITIONS.map(async (partition) => {
        const records = await readPartition(client, this.#id, partition, 1);
        return records.map(({ value }) => Number(String(value).slice(1)));
      }),
    );
    const [view = [], other = []] = views;
    assert.deepEqual(view, other, "a transaction is seen in both of its partitions or in none");
    const seen = new Set(view);
    assert.equal(seen.size, view.length, "no record is there twice");
    for (const [number, outcome] of this.#outcomes.entries()) {
      if (outcome === "committing") this.#outcomes[number] = seen.has(number) ? "committed" : "aborted";
      else assert.equal(seen.has(number), outcome === "committed", `transaction ${number} is ${outcome}`);
    }
    const topics = [{ name: this.#id, partitionIndexes: [0] }];
    const answer = await client.send(offsetFetch, 7, { groupId: this.#id, topics });
    const expected = this.#outcomes.lastIndexOf("committed") + 1;
    const found = answer.topics[0]?.partitions[0]?.committedOffset ?? -1;
    assert.equal(
      Math.max(0, found),
      expected,
      "the group's offset belongs to the last committed transaction",
    );
  }
}
