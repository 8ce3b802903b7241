import assert from "node:assert/strict";
import { offsetFetch } from "../../src/protocol/messages/offset-fetch.ts";
import type { RawClient } from "../raw-client.ts";
import { createTopic, readPartition } from "./requests.ts";

/** Every transaction writes one record to each of them. */
export const PARTITIONS = [0, 1] as const;

/** What a producer knows of one of its transactions: nothing of one that is "committing" while its broker dies. */
export type Outcome = "open" | "committing" | "committed" | "aborted";

/**
 * What came of the transactions of one id, over two partitions and a group's offset. Each must be seen whole or not at
 * all; the topic is compacted as well, which must not bring aborted records back.
 */
export class TransactionLedger {
  /** The transactional id, and the name of the topic and of the group. */
  readonly id: string;
  readonly #outcomes: Outcome[] = [];

  constructor(id: string) {
    this.id = id;
  }

  async prepare(client: RawClient): Promise<void> {
    await createTopic(client, this.id, PARTITIONS.length, {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0",
    });
  }

  /** The number of a transaction that begins. */
  begin(): number {
    return this.#outcomes.push("open") - 1;
  }

  /** The transaction that began last; undefined before the first. */
  get last(): { readonly number: number; readonly outcome: Outcome } | undefined {
    const outcome = this.#outcomes.at(-1);
    return outcome === undefined ? undefined : { number: this.#outcomes.length - 1, outcome };
  }

  set(number: number, outcome: Outcome): void {
    this.#outcomes[number] = outcome;
  }

  /** Compares what a consumer sees when no transaction is open any more. */
  async check(client: RawClient): Promise<void> {
    const views = await Promise.all(
      PARTITIONS.map(async (partition) => {
        const records = await readPartition(client, this.id, partition, 1);
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
    const topics = [{ name: this.id, partitionIndexes: [0] }];
    const answer = await client.send(offsetFetch, 7, { groupId: this.id, topics });
    const expected = this.#outcomes.lastIndexOf("committed") + 1;
    const found = answer.topics[0]?.partitions[0]?.committedOffset ?? -1;
    assert.equal(
      Math.max(0, found),
      expected,
      "the group's offset belongs to the last committed transaction",
    );
  }
}
