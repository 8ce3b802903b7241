import assert from "node:assert/strict";
import { fetch } from "../../src/protocol/messages/fetch.ts";
import { offsetCommit } from "../../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../../src/protocol/messages/offset-fetch.ts";
import { clientBatch, valuesIn } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { createTopic, produceBatch, readPartition } from "./requests.ts";
import type { Round, Workload } from "./workload.ts";

const TOPIC = "read";
const GROUP = "readers";

/** Plain producers, and a consumer that commits what it has seen: neither may change any more. */
export class ReadingGroup implements Workload {
  readonly name = "reading group";
  /** Offset to value, of what was acknowledged as being on the disk or was shown to a consumer. */
  readonly #known = new Map<number, string>();
  /** Offset to value, of what was acknowledged by the leader alone: a killed process must keep it. */
  readonly #leaderOnly = new Map<number, string>();
  readonly #keepsUnsynced: boolean;
  #next = 0;
  #committed = -1;

  /** `keepsUnsynced`: a crash keeps what the system had taken, as a killed process does and a power cut does not. */
  constructor(keepsUnsynced: boolean) {
    this.#keepsUnsynced = keepsUnsynced;
  }

  async prepare(client: RawClient): Promise<void> {
    await createTopic(client, TOPIC, 1);
  }

  work(client: RawClient, round: Round): Promise<never> {
    return Promise.race([
      this.#produce(client, round, -1),
      this.#produce(client, round, 1),
      this.#consume(client),
    ]);
  }

  async #produce(client: RawClient, round: Round, acks: 1 | -1): Promise<never> {
    for (let n = 0; ; n++) {
      const value = `r${round.number}.${acks}.${n}`;
      const offset = await produceBatch(client, TOPIC, 0, clientBatch({ values: [value] }), { acks });
      (acks === -1 ? this.#known : this.#leaderOnly).set(offset, value);
      round.acknowledged();
    }
  }

  async #consume(client: RawClient): Promise<never> {
    for (;;) {
      const partitions = [{ partition: 0, fetchOffset: this.#next, partitionMaxBytes: 1 << 16 }];
      const wait = { maxWaitMs: 5, minBytes: 1 };
      const answer = await client.send(fetch, 12, { ...wait, topics: [{ topic: TOPIC, partitions }] });
      for (const { offset, value } of valuesIn(
        answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0),
      )) {
        if (offset < this.#next) continue;
        this.#known.set(offset, value);
        this.#next = offset + 1;
      }
      const committedOffset = this.#next;
      const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, committedOffset }] }];
      const commit = await client.send(offsetCommit, 8, { groupId: GROUP, memberId: "", topics });
      assert.equal(commit.topics[0]?.partitions[0]?.errorCode, 0);
      this.#committed = committedOffset;
    }
  }

  async check(client: RawClient): Promise<void> {
    const stored = new Map<number, string>();
    for (const { offset, value } of await readPartition(client, TOPIC, 0)) stored.set(offset, String(value));
    const kept = this.#keepsUnsynced ? [...this.#known, ...this.#leaderOnly] : this.#known;
    for (const [offset, value] of kept) assert.equal(stored.get(offset), value, `offset ${offset}`);
    assert.equal(new Set(stored.values()).size, stored.size, "no record is there twice");
    // What only the leader had acknowledged may be gone, and its offset be given to another.
    if (!this.#keepsUnsynced) this.#leaderOnly.clear();
    const topics = [{ name: TOPIC, partitionIndexes: [0] }];
    const answer = await client.send(offsetFetch, 7, { groupId: GROUP, topics });
    const committed = answer.topics[0]?.partitions[0]?.committedOffset ?? -1;
    assert.ok(committed >= this.#committed, `committed offset ${committed}, was ${this.#committed}`);
  }
}
