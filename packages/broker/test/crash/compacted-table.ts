import assert from "node:assert/strict";
import { clientBatch } from "../batches.ts";
import type { RawClient } from "../raw-client.ts";
import { createTopic, produceBatch, readPartition } from "./requests.ts";
import type { Round, Workload } from "./workload.ts";

const TOPIC = "table";
const KEYS = 8;
const DELETED = 0.2;

interface KeyHistory {
  /** Every value sent, in order; null deletes the key. */
  readonly sent: (string | null)[];
  /** Values before it are acknowledged. */
  acknowledged: number;
}

/** A table kept in a compacted topic: of each key the last acknowledged value, or a later one, must be found. */
export class CompactedTable implements Workload {
  readonly name = "compacted table";
  readonly #keys = new Map<string, KeyHistory>();

  async prepare(client: RawClient): Promise<void> {
    await createTopic(client, TOPIC, 1, {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0",
      "delete.retention.ms": "0",
    });
  }

  async work(client: RawClient, round: Round): Promise<never> {
    for (;;) {
      const key = `k${Math.floor(round.random() * KEYS)}`;
      const history = this.#keys.get(key) ?? { sent: [], acknowledged: 0 };
      this.#keys.set(key, history);
      const value = round.random() < DELETED ? null : `${key}=${history.sent.length}`;
      history.sent.push(value);
      await produceBatch(client, TOPIC, 0, clientBatch({ keys: [key], values: [value] }));
      history.acknowledged = history.sent.length;
      round.acknowledged();
    }
  }

  async check(client: RawClient): Promise<void> {
    const table = new Map<string, string | null>();
    let last = -1;
    for (const { offset, key, value } of await readPartition(client, TOPIC, 0)) {
      assert.ok(offset > last, "offsets ascend");
      last = offset;
      table.set(String(key), value === null ? null : String(value));
    }
    for (const [key, { sent, acknowledged }] of this.#keys) {
      // Nothing at all is what a deletion leaves in the end.
      const possible = sent.slice(Math.max(0, acknowledged - 1));
      const found = table.get(key) ?? null;
      const wasNever = acknowledged === 0 && found === null;
      assert.ok(wasNever || possible.includes(found), `${key} is ${found}, not one of ${possible.join()}`);
    }
  }
}
