import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Admin,
  Consumer,
  type Message,
  type MessagesStream,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";

let dataDir: string;
let broker: Broker;
const open: { close(): Promise<unknown> }[] = [];

const options = () => ({ dataDir, groupInitialRebalanceDelayMs: 50, groupMinSessionTimeoutMs: 100 });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "broker-"));
  broker = await startBroker(options());
});

afterEach(async () => {
  for (const client of open.splice(0).reverse()) await client.close();
  await broker.stop();
  rmSync(dataDir, { recursive: true });
});

const client = () => ({ clientId: "test", bootstrapBrokers: [broker.address], retries: 0 });

function newProducer(idempotent = false): Producer<string, string, string, string> {
  const producer = new Producer({ ...client(), serializers: stringSerializers, idempotent });
  open.push(producer);
  return producer;
}

function newAdmin(): Admin {
  const admin = new Admin(client());
  open.push(admin);
  return admin;
}

function newConsumer(groupId: string): Consumer<string, string, string, string> {
  const consumer = new Consumer({
    ...client(),
    groupId,
    deserializers: stringDeserializers,
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    heartbeatInterval: 200,
    maxWaitTime: 200,
  });
  open.push({ close: () => consumer.close(true) });
  return consumer;
}

async function take(
  stream: MessagesStream<string, string, string, string>,
  count: number,
): Promise<Message<string, string, string, string>[]> {
  const messages: Message<string, string, string, string>[] = [];
  for await (const message of stream) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

const values = (topic: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    topic,
    key: `k${from + index}`,
    value: `v${from + index}`,
  }));

describe("an ordinary client", () => {
  test.each([
    ["none", undefined],
    ["gzip", "gzip"],
    ["zstd", "zstd"],
  ] as const)("gets back what it produced, compression %s", async (_name, compression) => {
    await newAdmin().createTopics({ topics: ["t"], partitions: 1, replicas: 1 });
    const sent = values("t", 0, 500);
    const answer = await newProducer().send({
      messages: sent,
      acks: ProduceAcks.ALL,
      ...(compression === undefined ? {} : { compression }),
    });
    expect(answer.offsets).toEqual([{ topic: "t", partition: 0, offset: 0n }]);
    const stream = await newConsumer("g").consume({ topics: ["t"], mode: MessagesStreamModes.EARLIEST });
    const received = await take(stream, 500);
    expect(received.map(({ value }) => value)).toEqual(sent.map(({ value }) => value));
    expect(received.map(({ offset }) => Number(offset))).toEqual(sent.map((_, index) => index));
  });

  test("produces with every acks, idempotently too", async () => {
    await newAdmin().createTopics({ topics: ["t"], partitions: 1, replicas: 1 });
    const producer = newProducer();
    for (const acks of [ProduceAcks.NO_RESPONSE, ProduceAcks.LEADER, ProduceAcks.ALL]) {
      await producer.send({ messages: values("t", acks, 1), acks });
    }
    const idempotent = newProducer(true);
    for (let n = 0; n < 3; n++)
      await idempotent.send({ messages: values("t", 10 + n, 1), acks: ProduceAcks.ALL });
    const stream = await newConsumer("g").consume({ topics: ["t"], mode: MessagesStreamModes.EARLIEST });
    expect((await take(stream, 6)).map(({ value }) => value)).toEqual([
      "v0",
      "v1",
      "v-1",
      "v10",
      "v11",
      "v12",
    ]);
  });

  test("goes on from its committed offset, over a restart of the broker", async () => {
    await newAdmin().createTopics({ topics: ["t"], partitions: 1, replicas: 1 });
    await newProducer().send({ messages: values("t", 0, 10), acks: ProduceAcks.ALL });
    const first = newConsumer("g");
    const stream = await first.consume({
      topics: ["t"],
      mode: MessagesStreamModes.EARLIEST,
      autocommit: false,
    });
    const seen = await take(stream, 4);
    await seen.at(-1)?.commit();
    for (const each of open.splice(0).reverse()) await each.close();
    await broker.stop();
    broker = await startBroker(options());
    await newProducer().send({ messages: values("t", 10, 2), acks: ProduceAcks.ALL });
    const again = await newConsumer("g").consume({ topics: ["t"], mode: MessagesStreamModes.COMMITTED });
    expect((await take(again, 8)).map(({ offset }) => Number(offset))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("shares partitions with a second member, and takes them over when it leaves", async () => {
    await newAdmin().createTopics({ topics: ["t"], partitions: 4, replicas: 1 });
    const first = newConsumer("g");
    const second = newConsumer("g");
    await first.consume({ topics: ["t"], mode: MessagesStreamModes.EARLIEST });
    const joined = new Promise((resolve) => first.once("consumer:group:join", resolve));
    await second.consume({ topics: ["t"], mode: MessagesStreamModes.EARLIEST });
    await joined;
    const partitions = () => [first, second].map(({ assignments }) => assignments?.[0]?.partitions ?? []);
    expect(partitions().map((assigned) => assigned.length)).toEqual([2, 2]);
    expect(partitions().flat().sort()).toEqual([0, 1, 2, 3]);
    const described = await newAdmin().describeGroups({ groups: ["g"] });
    expect(described.get("g")).toMatchObject({ state: "Stable" });
    const rejoined = new Promise((resolve) => first.once("consumer:group:join", resolve));
    await second.close(true);
    await rejoined;
    expect(first.assignments?.[0]?.partitions.toSorted()).toEqual([0, 1, 2, 3]);
  });

  test("administers topics, groups and records", async () => {
    const admin = newAdmin();
    await admin.createTopics({ topics: ["a", "b"], partitions: 2, replicas: 1 });
    expect((await admin.listTopics()).toSorted()).toEqual(["a", "b"]);
    await admin.createPartitions({ topics: [{ name: "a", count: 3, assignments: null }] });
    const metadata = await admin.metadata({ topics: ["a"] });
    expect(metadata.topics.get("a")?.partitionsCount).toBe(3);
    await admin.deleteTopics({ topics: ["b"] });
    expect(await admin.listTopics()).toEqual(["a"]);
    const consumer = newConsumer("g");
    await consumer.consume({ topics: ["a"] });
    expect([...(await admin.listGroups()).keys()]).toEqual(["g"]);
    await consumer.close(true);
    await admin.deleteGroups({ groups: ["g"] });
    expect([...(await admin.listGroups()).keys()]).toEqual([]);
  });
});
