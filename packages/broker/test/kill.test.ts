import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BrokerOptions, ManualClock, MemoryDisk, startBroker } from "../src/index.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { listOffsets } from "../src/protocol/messages/list-offsets.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

async function send(client: RawClient, value: string): Promise<void> {
  await client.send(metadata, 9, { topics: [{ name: "t" }], allowAutoTopicCreation: true });
  const records = clientBatch({ values: [value], timestampMs: Date.now() });
  const topicData = [{ name: "t", partitionData: [{ index: 0, records }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

async function read(client: RawClient): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const answer = await client.send(fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: "t", partitions }],
  });
  return valuesIn(answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).map(({ value }) => value);
}

test.each(["in a folder", "in memory"])(
  "a broker may be killed and started again %s, on the same port",
  async (where) => {
    const dataDir = mkdtempSync(join(tmpdir(), "broker-kill-"));
    const options: BrokerOptions = where === "in memory" ? { disk: new MemoryDisk() } : { dataDir };
    let broker = await startBroker(options);
    const client = await RawClient.connect(broker.port);
    await send(client, "a");
    await broker.kill();
    await client.closed;
    broker = await startBroker({ ...options, port: broker.port });
    const again = await RawClient.connect(broker.port);
    expect(await read(again)).toEqual(["a"]);
    again.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  },
);

test("time may be moved: a day makes retention drop what is too old", async () => {
  const clock = new ManualClock(Date.now());
  const broker = await startBroker({ clock, topicDefaults: { "retention.ms": "3600000" } });
  const client = await RawClient.connect(broker.port);
  await send(client, "old");
  clock.advance(86_400_000);
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, timestamp: -2 }] }];
  const answer = await client.send(listOffsets, 6, { replicaId: -1, topics });
  expect(answer.topics[0]?.partitions[0]?.offset).toBe(1);
  client.close();
  await broker.stop();
});

test("what is too old is looked for half a minute after the start, then every five minutes, as in Apache Kafka", async () => {
  const clock = new ManualClock(Date.now());
  const broker = await startBroker({ clock, topicDefaults: { "retention.ms": "1000" } });
  const client = await RawClient.connect(broker.port);
  const begin = async (): Promise<bigint | number | undefined> => {
    const topics = [{ name: "t", partitions: [{ partitionIndex: 0, timestamp: -2 }] }];
    return (await client.send(listOffsets, 6, { replicaId: -1, topics })).topics[0]?.partitions[0]?.offset;
  };
  await send(client, "first");
  clock.advance(29_000);
  expect(await begin()).toBe(0);
  clock.advance(1_000);
  expect(await begin()).toBe(1);
  await send(client, "second");
  clock.advance(299_000);
  expect(await begin()).toBe(1);
  clock.advance(1_000);
  expect(await begin()).toBe(2);
  client.close();
  await broker.stop();
});
