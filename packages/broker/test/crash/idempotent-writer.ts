import assert from "node:assert/strict";
import { clientBatch } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { createTopic, initProducer, produceBatch, readPartition } from "./requests.ts";
import type { Round, Workload } from "./workload.ts";

const TOPIC = "idempotent";
/** So many requests of a producer may be under way: what a broker must be able to tell apart. */
const IN_FLIGHT = 5;

/** A producer that keeps its id and sequence over all crashes, and sends again what was not acknowledged. */
export class IdempotentWriter implements Workload {
  readonly name = "idempotent writer";
  readonly #sent: string[] = [];
  #acknowledged = 0;
  #producerId = -1;

  async prepare(client: RawClient): Promise<void> {
    await createTopic(client, TOPIC, 1);
    this.#producerId = (await initProducer(client, null)).producerId;
  }

  async work(client: RawClient, round: Round): Promise<never> {
    const lane = async (): Promise<never> => {
      for (;;) {
        const sequence = this.#sent.length;
        this.#sent.push(`i${sequence}`);
        await this.#send(client, sequence);
        round.acknowledged();
      }
    };
    return Promise.race(Array.from({ length: IN_FLIGHT }, lane));
  }

  async #send(client: RawClient, sequence: number): Promise<void> {
    const values = [this.#sent[sequence] ?? ""];
    const identity = { producerId: this.#producerId, producerEpoch: 0, sequence };
    const offset = await produceBatch(client, TOPIC, 0, clientBatch({ values, ...identity }));
    assert.equal(offset, sequence, "an acknowledged batch has the offset of its sequence");
    this.#acknowledged = Math.max(this.#acknowledged, sequence + 1);
  }

  async check(client: RawClient): Promise<void> {
    const stored = await this.#stored(client);
    assert.ok(stored.length >= this.#acknowledged, `${stored.length} of ${this.#acknowledged} are left`);
    assert.deepEqual(stored, this.#sent.slice(0, stored.length));
    // Some of these are there already, and must not be there twice.
    for (let sequence = Math.max(0, stored.length - IN_FLIGHT); sequence < this.#sent.length; sequence++) {
      await this.#send(client, sequence);
    }
    assert.deepEqual(await this.#stored(client), this.#sent);
  }

  async #stored(client: RawClient): Promise<string[]> {
    const records = await readPartition(client, TOPIC, 0);
    return records.map(({ value }) => String(value));
  }
}
