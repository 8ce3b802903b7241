import { expect, test } from "vitest";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { PowerCutDisk } from "./power-cut-disk.ts";
import { RawClient } from "./raw-client.ts";
import { seeded } from "./seeded.ts";

const ROUNDS = 60;

interface Known {
  /** Acknowledged with acks=-1: offset to value. */
  readonly acknowledged: Map<number, string>;
  /** Seen by a consumer, acknowledged or not: it must stay what it was. */
  readonly seen: Map<number, string>;
  committed: number;
}

async function read(
  client: RawClient,
  from: number,
  maxWaitMs: number,
): Promise<{ offset: number; value: string }[]> {
  const partitions = [{ partition: 0, fetchOffset: from, partitionMaxBytes: 1 << 20 }];
  const answer = await client.send(fetch, 12, {
    maxWaitMs,
    minBytes: 1,
    topics: [{ topic: "t", partitions }],
  });
  const data = answer.responses[0]?.partitions[0];
  expect(data?.errorCode).toBe(0);
  return valuesIn(data?.records ?? Buffer.alloc(0)).filter(({ offset }) => offset >= from);
}

async function readAll(client: RawClient): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (;;) {
    const records = await read(client, found.size, 0);
    if (records.length === 0) return found;
    for (const { offset, value } of records) found.set(offset, value);
  }
}

/** Produces, reads and commits until the given number of acknowledgements has come. */
async function work(
  broker: Broker,
  known: Known,
  round: number,
  stopAt: number,
  cut: () => void,
): Promise<void> {
  const [producer, consumer] = await Promise.all([
    RawClient.connect(broker.port),
    RawClient.connect(broker.port),
  ]);
  let acknowledgements = 0;
  const produceLoop = async (acks: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const value = `${round}.${acks}.${n}`;
      const topicData = [
        { name: "t", partitionData: [{ index: 0, records: clientBatch({ values: [value] }) }] },
      ];
      const answer = await producer.send(produce, 9, { acks, timeoutMs: 1000, topicData });
      const result = answer.responses[0]?.partitionResponses[0];
      expect(result?.errorCode).toBe(0);
      if (acks === -1) known.acknowledged.set(result?.baseOffset ?? -1, value);
      if (++acknowledgements !== stopAt) continue;
      cut();
      producer.close();
      consumer.close();
    }
  };
  const consumeLoop = async (): Promise<void> => {
    let next = known.seen.size;
    for (;;) {
      for (const { offset, value } of await read(consumer, next, 1000)) {
        known.seen.set(offset, value);
        next = offset + 1;
      }
      const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: next }] }];
      await consumer.send(offsetCommit, 8, { groupId: "g", memberId: "", topics });
      known.committed = next;
    }
  };
  const loops = [produceLoop(-1), produceLoop(-1), produceLoop(1), consumeLoop()];
  for (const end of await Promise.allSettled(loops)) {
    expect(String(end.status === "rejected" && end.reason)).toMatch(/connection closed/);
  }
}

test(`nothing acknowledged, seen or committed changes over ${ROUNDS} power cuts`, async () => {
  const random = seeded(4);
  const known: Known = { acknowledged: new Map(), seen: new Map(), committed: -1 };
  const lines: LogLine[] = [];
  let disk = new PowerCutDisk();
  for (let round = 0; round < ROUNDS; round++) {
    const topicDefaults = { "segment.bytes": "4096" };
    const broker = await startBroker({ disk, topicDefaults, log: (line) => lines.push(line) });
    const client = await RawClient.connect(broker.port);
    if (round === 0) {
      const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
      await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
    }
    const stored = await readAll(client);
    for (const [offset, value] of known.acknowledged)
      expect(stored.get(offset), `offset ${offset}`).toBe(value);
    for (const [offset, value] of known.seen) expect(stored.get(offset), `offset ${offset}`).toBe(value);
    const topics = [{ name: "t", partitionIndexes: [0] }];
    const offsets = await client.send(offsetFetch, 7, { groupId: "g", topics });
    expect(offsets.topics[0]?.partitions[0]?.committedOffset).toBeGreaterThanOrEqual(known.committed);
    client.close();
    let next = disk;
    await work(broker, known, round, 1 + Math.floor(random() * 60), () => {
      next = disk.afterPowerCut(random, ["memory"]);
    });
    await broker.stop();
    disk = next;
  }
  expect(known.acknowledged.size).toBeGreaterThan(500);
  expect(known.seen.size).toBeGreaterThan(500);
  // Cuts did tear writes apart, and damage was never taken for a torn write.
  expect(lines.some(({ kind }) => kind === "torn-tail")).toBe(true);
  expect(lines.filter(({ level }) => level === "error")).toEqual([]);
});
