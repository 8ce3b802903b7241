import { type Broker, startBroker } from "@candlewick/broker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ConsumedRecord,
  createAdmin,
  createProducer,
  type Delivery,
  type KafkaConnection,
  startGroupConsumer,
  startReader,
} from "../src/index.ts";
import { memberOptions, numberOf } from "./consumer-suite.ts";
import { readAll, valuesByKey } from "./reading.ts";
import { type SeveringProxy, startSeveringProxy } from "./severing-proxy.ts";
import { bytes, connectionTo, topicSpec, uniqueName, until } from "./test-cluster.ts";

describe("connections that are cut before the answer arrives", () => {
  let broker: Broker;
  let proxy: SeveringProxy;
  let connection: KafkaConnection;
  beforeAll(async () => {
    proxy = await startSeveringProxy();
    const options = { autoCreateTopics: false, groupInitialRebalanceDelayMs: 0, advertisedPort: proxy.port };
    broker = await startBroker(options);
    proxy.target = broker.port;
    connection = connectionTo([`127.0.0.1:${proxy.port}`]);
  });
  afterAll(async () => {
    await proxy.stop();
    await broker.stop();
  });

  async function topicOf(partitions: number): Promise<string> {
    const topic = uniqueName("severed");
    const admin = await createAdmin(connection);
    await admin.createTopics([topicSpec(topic, partitions)]);
    await admin.close();
    return topic;
  }

  it("make a producer send again, but nothing is written twice, lost, or out of order", async () => {
    const topic = await topicOf(3);
    const producer = await createProducer(connection, {
      retries: 100,
      retryBackoffMs: 5,
      maxBatchBytes: 2_000,
    });
    const before = proxy.severed;
    proxy.severEvery = 3;
    const sends: Promise<Delivery>[] = [];
    for (let index = 0; index < 2_000; index++) {
      sends.push(producer.send({ topic, key: bytes(`k${index % 11}`), value: bytes(String(index)) }));
      // Some come while others are under way.
      if (index % 20 === 0) await new Promise(setImmediate);
    }
    const deliveries = await Promise.all(sends);
    proxy.severEvery = 0;
    await producer.close();
    expect(proxy.severed - before).toBeGreaterThan(5);
    const records = await readAll(connection, topic, 2_000);
    expect(records).toHaveLength(2_000);
    const places = new Map(
      records.map((record) => [`${record.partition}:${record.offset}`, numberOf(record)]),
    );
    deliveries.forEach(({ partition, offset }, index) => {
      expect(places.get(`${partition}:${offset}`)).toBe(index);
    });
    for (const values of valuesByKey(records).values()) {
      const numbers = values.map(Number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it("neither lose nor double a record for a reader and a group", async () => {
    const topic = await topicOf(2);
    const readerSaw: ConsumedRecord[] = [];
    const groupSaw: ConsumedRecord[] = [];
    const reader = await startReader(connection, {
      topics: [topic],
      from: "first",
      onRecords: (records) => void readerSaw.push(...records),
    });
    const consumer = await startGroupConsumer(connection, {
      ...memberOptions(topic, uniqueName("g")),
      onBatch: async (records) => void groupSaw.push(...records),
    });
    const producer = await createProducer(connection, {
      retries: 100,
      retryBackoffMs: 5,
      maxBatchBytes: 1_000,
    });
    const before = proxy.severed;
    proxy.severEvery = 5;
    for (let round = 0; round < 20; round++) {
      const numbers = Array.from({ length: 50 }, (_, index) => round * 50 + index);
      await Promise.all(
        numbers.map((n) => producer.send({ topic, key: bytes(`k${n}`), value: bytes(String(n)) })),
      );
    }
    await until("the reader has all", () => readerSaw.length >= 1_000);
    await until("the group has all", () => groupSaw.length >= 1_000);
    proxy.severEvery = 0;
    expect(proxy.severed - before).toBeGreaterThan(5);
    expect(new Set(readerSaw.map(numberOf)).size).toBe(1_000);
    expect(readerSaw).toHaveLength(1_000);
    expect(new Set(groupSaw.map(numberOf)).size).toBe(1_000);
    expect(groupSaw).toHaveLength(1_000);
    await producer.close();
    await reader.stop(2_000);
    await consumer.stop(5_000);
  });

  it("are not used to fetch more than a slow handler's buffer holds", async () => {
    const topic = await topicOf(1);
    const producer = await createProducer(connection);
    const values = Array.from({ length: 400 }, () => Buffer.alloc(50_000));
    await Promise.all(values.map((value) => producer.send({ topic, key: null, value })));
    await producer.close();
    const gate = Promise.withResolvers<void>();
    let seen = 0;
    let entered = false;
    const before = proxy.bytesAnswered;
    const consumer = await startGroupConsumer(connection, {
      ...memberOptions(topic, uniqueName("g")),
      maxBatchRecords: 1,
      maxBufferBytes: 1_000_000,
      async onBatch(records) {
        entered = true;
        await gate.promise;
        seen += records.length;
      },
    });
    await until("the first batch", () => entered);
    // While another client, past the proxy's count, has read all of the 20 MB ...
    const direct = connectionTo([broker.address]);
    const during = proxy.bytesAnswered;
    await readAll(direct, topic, 400);
    const byReader = proxy.bytesAnswered - during;
    // ... the slow one got its buffer's worth and the fetch that filled it.
    expect(during - before + byReader).toBeLessThan(20_000_000 + 6_000_000);
    gate.resolve();
    await until("all 400", () => seen === 400);
    await consumer.stop(5_000);
  });
});
