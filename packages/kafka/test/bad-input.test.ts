import { type Broker, startBroker } from "@candlewick/broker";
import { ContractError, MAX_MESSAGE_BYTES } from "@candlewick/contracts";
import { type Clock, systemClock } from "@candlewick/runtime";
import { Connection, createAclsV3 } from "@platformatic/kafka";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Admin,
  type Consumer,
  type ConsumerOptions,
  createAdmin,
  createProducer,
  DEAD_LETTER_HEADERS,
  type KafkaConnection,
  type OutgoingMessage,
  RETRY_HEADERS,
  retryTopicSpecs,
  startConsumer,
} from "../src/index.ts";
import { readAll } from "./reading.ts";
import { type SeveringProxy, startSeveringProxy } from "./severing-proxy.ts";
import { bytes, connectionTo, topicSpec, uniqueName, until } from "./test-cluster.ts";

/** A clock on which pauses are fifty times shorter. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  delay: (ms, signal) => systemClock.delay(ms / 50, signal),
};

describe("input that is bad", () => {
  let broker: Broker;
  let proxy: SeveringProxy;
  let connection: KafkaConnection;
  let admin: Admin;
  let topic: string;
  beforeEach(async () => {
    proxy = await startSeveringProxy();
    broker = await startBroker({
      autoCreateTopics: false,
      groupInitialRebalanceDelayMs: 0,
      advertisedPort: proxy.port,
      acls: { allowEveryoneIfNoAclFound: true },
    });
    proxy.target = broker.port;
    connection = connectionTo([`127.0.0.1:${proxy.port}`]);
    admin = await createAdmin(connection);
    topic = uniqueName("bad");
    await admin.createTopics([
      topicSpec(topic, 1, { "max.message.bytes": String(MAX_MESSAGE_BYTES + 65_536) }),
      ...retryTopicSpecs(topic, 1, 1),
    ]);
  });
  afterEach(async () => {
    await admin.close();
    await broker.stop();
    await proxy.stop();
  });

  const start = (options: Partial<ConsumerOptions>, over = connection): Promise<Consumer> =>
    startConsumer(over, {
      groupId: uniqueName("g"),
      topics: [topic],
      heartbeatIntervalMs: 100,
      retry: { delaysMs: [10], jitter: 0 },
      ...options,
    });

  async function send(...messages: Omit<OutgoingMessage, "topic">[]): Promise<void> {
    const producer = await createProducer(connection);
    for (const message of messages) await producer.send({ topic, ...message });
    await producer.close();
  }

  it("a value that cannot be decoded, and a null value that the contract forbids, are dead with their bytes", async () => {
    await send(
      { key: bytes("a"), value: bytes("{") },
      { key: null, value: null },
      { key: bytes("c"), value: bytes('{"price":1}') },
    );
    const consumer = await start({
      handler({ value }) {
        if (value === null) throw new ContractError("value", "is null");
        try {
          JSON.parse(value.toString());
        } catch (cause) {
          throw new ContractError("value", "is no JSON", { cause });
        }
      },
    });
    await until("all", () => consumer.totals().finished === 3);
    expect(consumer.totals()).toMatchObject({ handled: 1, dead: 2 });
    await consumer.stop(5_000);
    const dead = await readAll(connection, `${topic}.dlq`, 2);
    expect(dead.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual(
      expect.arrayContaining([
        ["a", "{"],
        [undefined, undefined],
      ]),
    );
    const [first] = dead.filter(({ key }) => key !== null);
    expect(first?.headers.get(DEAD_LETTER_HEADERS.causeName)?.toString()).toBe("SyntaxError");
  });

  it("a value of 10 MiB is handled, and fits among the dead; one byte more is refused by the producer", async () => {
    await send({ key: null, value: Buffer.alloc(MAX_MESSAGE_BYTES, 1) });
    const tooLarge = send({ key: null, value: Buffer.alloc(MAX_MESSAGE_BYTES + 1, 1) });
    await expect(tooLarge).rejects.toMatchObject({ fault: "user", retry: "never" });
    const consumer = await start({
      handler() {
        throw new ContractError("value", "is too long for me");
      },
    });
    await until("it is dead", () => consumer.totals().dead === 1);
    await consumer.stop(5_000);
    const [dead] = await readAll(connection, `${topic}.dlq`, 1);
    expect(dead?.value?.length).toBe(MAX_MESSAGE_BYTES);
  });

  it("headers that are garbage do not stop or hold a retry topic", async () => {
    const garbage = {
      [RETRY_HEADERS.due]: Buffer.alloc(8, 0x7f),
      [RETRY_HEADERS.attempts]: bytes("many times"),
      [DEAD_LETTER_HEADERS.topic]: Buffer.from([0xff, 0xfe]),
      [DEAD_LETTER_HEADERS.partition]: Buffer.alloc(0),
      [DEAD_LETTER_HEADERS.offset]: Buffer.alloc(40, 1),
      [DEAD_LETTER_HEADERS.timestamp]: Buffer.from([0x80]),
    };
    const producer = await createProducer(connection);
    for (const value of ["one", "two"])
      await producer.send({
        topic: `${topic}.retry.0`,
        key: bytes("k"),
        value: bytes(value),
        headers: garbage,
      });
    await producer.send({
      topic: `${topic}.retry.0`,
      key: bytes("k"),
      value: bytes("of others"),
      headers: { [DEAD_LETTER_HEADERS.consumerGroup]: "another" },
    });
    await producer.close();
    const seen: string[] = [];
    const consumer = await start({
      handler({ value, topic: told }, { readFrom }) {
        seen.push(`${value} of ${told}`);
        expect(readFrom.topic).toBe(`${topic}.retry.0`);
        if (String(value) === "two") throw new Error("again");
      },
    });
    await until("both", () => consumer.totals().finished === 2);
    expect(consumer.totals()).toMatchObject({ handled: 1, dead: 1, skipped: { "other-group": 1 } });
    await consumer.stop(5_000);
    expect(seen).toEqual([`one of ${topic}`, `two of ${topic}`]);
  });

  it("a batch of an unknown format stops the consumer where it is", async () => {
    await send({ key: null, value: bytes("marked-value") });
    proxy.alter = (answer) => {
      const at = answer.indexOf("marked-value");
      // The value of a batch's first record without key begins 67 bytes after the batch.
      if (at >= 67) answer[at - 67 + 16] = 3;
    };
    const consumer = await start({ handler: () => expect.unreachable("it cannot be read") });
    await expect(consumer.done).rejects.toMatchObject({
      code: "CORRUPT_RECORDS",
      message: expect.stringContaining(`${topic}:0 at offset 0`),
    });
  });

  it("a batch whose bytes were changed on the way is noticed", async () => {
    await send({ key: null, value: bytes("marked-value") });
    proxy.alter = (answer) => {
      const at = answer.indexOf("marked-value");
      if (at >= 67) answer[at] = 0x4d;
    };
    const consumer = await start({ handler: () => expect.unreachable("it is not what was sent") });
    await expect(consumer.done).rejects.toMatchObject({ code: "CORRUPT_RECORDS" });
  });

  it("a topic that is deleted under the consumer ends it by name", async () => {
    await send({ key: null, value: bytes("one") });
    const consumer = await start({ handler: () => {} }, { ...connection, clock: hastyClock });
    await until("the record", () => consumer.totals().handled === 1);
    await admin.deleteTopics([topic]);
    await expect(consumer.done).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC",
      message: expect.stringContaining(topic),
    });
  });

  it("a right that is lost in the middle ends the consumer with what is missing", async () => {
    await send({ key: null, value: bytes("one") });
    const consumer = await start({ handler: () => {} });
    await until("the record", () => consumer.totals().handled === 1);
    await deny(proxy.port, topic);
    await expect(consumer.done).rejects.toMatchObject({
      code: "KAFKA_NOT_AUTHORISED",
      message: expect.stringContaining("TOPIC_AUTHORIZATION_FAILED"),
    });
  });
});

const TOPIC = 2;
const LITERAL = 3;
const READ = 3;
const DENY = 2;

/** Takes the right to read the topic away from everybody. */
async function deny(port: number, resourceName: string): Promise<void> {
  const link = new Connection("other");
  await link.connect("127.0.0.1", port);
  await createAclsV3.api.async(link, [
    {
      resourceType: TOPIC,
      resourceName,
      resourcePatternType: LITERAL,
      principal: "User:*",
      host: "*",
      operation: READ,
      permissionType: DENY,
    },
  ]);
  await link.close();
}
