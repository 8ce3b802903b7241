import { Registry } from "@candlewick/runtime";
import { describe, expect, it } from "vitest";
import { createProducer, type DeliveryReport, deadLetter, partitionOfKey } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { readAll, valuesByKey } from "./reading.ts";
import { bytes, topicSpec, uniqueName } from "./test-cluster.ts";

export function producerSuite(bench: Bench): void {
  async function topicOf(partitions: number, config: Record<string, string> = {}): Promise<string> {
    const name = uniqueName("produced");
    await bench.admin().createTopics([topicSpec(name, partitions, config)]);
    return name;
  }

  describe("a producer", () => {
    it("resolves a send with the place of the message, which a reader finds there", async () => {
      const topic = await topicOf(3);
      const producer = await createProducer(bench.connection());
      const message = {
        topic,
        key: bytes("key"),
        value: bytes("value"),
        headers: { text: "a", binary: Buffer.from([0, 255]) },
        timestampMs: 1_700_000_000_123,
      };
      const delivery = await producer.send(message);
      expect(delivery).toEqual({ topic, partition: partitionOfKey(bytes("key"), 3), offset: 0n });
      const [record] = await readAll(bench.connection(), topic, 1);
      expect(record).toEqual({
        ...delivery,
        key: message.key,
        value: message.value,
        timestampMs: message.timestampMs,
        timestampType: "CreateTime",
        headers: new Map([
          ["text", bytes("a")],
          ["binary", Buffer.from([0, 255])],
        ]),
      });
      await producer.close();
    });

    it("gives each of many concurrent sends its own offset and keeps the order per key", async () => {
      const topic = await topicOf(4);
      const producer = await createProducer(bench.connection());
      const sends = Array.from({ length: 2_000 }, (_, index) =>
        producer.send({ topic, key: bytes(`k${index % 17}`), value: bytes(String(index)) }),
      );
      const deliveries = await Promise.all(sends);
      expect(new Set(deliveries.map(({ partition, offset }) => `${partition}:${offset}`)).size).toBe(2_000);
      for (const values of valuesByKey(await readAll(bench.connection(), topic, 2_000)).values()) {
        const numbers = values.map(Number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
      await producer.close();
    });

    it.each(["gzip", "snappy", "lz4", "zstd"] as const)("compresses with %s", async (compression) => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection(), { compression });
      const values = Array.from({ length: 50 }, (_, index) => `${"a".repeat(200)}${index}`);
      await Promise.all(values.map((value) => producer.send({ topic, key: null, value: bytes(value) })));
      const records = await readAll(bench.connection(), topic, 50);
      expect(records.map((record) => String(record.value))).toEqual(values);
      await producer.close();
    });

    it("spreads messages without a key and carries null values", async () => {
      const topic = await topicOf(3);
      const producer = await createProducer(bench.connection());
      for (let index = 0; index < 9; index++) await producer.send({ topic, key: null, value: null });
      const records = await readAll(bench.connection(), topic, 9);
      expect(new Set(records.map((record) => record.partition))).toEqual(new Set([0, 1, 2]));
      expect(records.every((record) => record.value === null && record.key === null)).toBe(true);
      await producer.close();
    });

    it("takes text, any bytes, and the headers of a consumed record", async () => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection());
      await producer.send({ topic, key: "é", value: "text", headers: { a: "1", b: new Uint8Array([2]) } });
      const [first] = await readAll(bench.connection(), topic, 1);
      if (first === undefined) throw new Error("nothing was read");
      await producer.send({ topic, value: new Uint8Array([7, 8]).subarray(1), headers: first.headers });
      const [, second] = await readAll(bench.connection(), topic, 2);
      const headers = new Map([
        ["a", bytes("1")],
        ["b", Buffer.from([2])],
      ]);
      expect(first).toMatchObject({ key: bytes("é"), value: bytes("text"), headers });
      expect(second).toMatchObject({ key: null, value: Buffer.from([8]), headers });
      await producer.close();
    });

    it.each<[string, object]>([
      ["The value of a message is undefined", { key: "k" }],
      ["The value of a message is object", { value: { a: 1 } }],
      ["The key of a message is number", { key: 5, value: "v" }],
      ["The header h of a message is null", { value: "v", headers: { h: null } }],
      ["The topic of a message is empty", { topic: "", value: "v" }],
      ["is not a time", { value: "v", timestampMs: 1.5 }],
    ])("refuses a message of other kinds alone: %s", async (sentence, part) => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection());
      const message = { topic, ...part } as { topic: string; value: string };
      const others = producer.send({ topic, value: "good" });
      const refused = { code: "BAD_INPUT", message: expect.stringContaining(sentence) };
      await expect(producer.send(message)).rejects.toMatchObject(refused);
      await expect(producer.enqueue(message)).rejects.toMatchObject(refused);
      expect((await others).offset).toBe(0n);
      await producer.close();
    });

    it("writes what is enqueued, tells each outcome once, and flushes", async () => {
      const topic = await topicOf(2);
      const producer = await createProducer(bench.connection());
      const offsets: bigint[] = [];
      for (let index = 0; index < 500; index++) {
        await producer.enqueue({ topic, key: null, value: bytes("v"), partition: 1 }, (error, delivery) => {
          if (error === null && delivery !== null) offsets.push(delivery.offset);
        });
      }
      await producer.flush(20_000);
      expect(offsets).toEqual(Array.from({ length: 500 }, (_, index) => BigInt(index)));
      await producer.close();
    });

    it("makes enqueue wait while the buffer is full, and loses nothing", async () => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection(), {
        maxBufferBytes: 20_000,
        maxMessageBytes: 5_000,
      });
      let taken = 0;
      const all = Array.from({ length: 100 }, (_, index) =>
        producer.enqueue({ topic, key: null, value: Buffer.alloc(4_000, index) }).then(() => taken++),
      );
      await Promise.resolve();
      expect(taken).toBeLessThan(6);
      await Promise.all(all);
      await producer.flush();
      const records = await readAll(bench.connection(), topic, 100);
      expect(records.map((record) => record.value?.[0])).toEqual(
        Array.from({ length: 100 }, (_, index) => index),
      );
      await producer.close();
    });

    it("makes enqueue fail while the buffer is full, where that is configured", async () => {
      const topic = await topicOf(1);
      const options = { maxBufferBytes: 20_000, maxMessageBytes: 5_000, whenFull: "fail" } as const;
      const producer = await createProducer(bench.connection(), options);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, () => producer.enqueue({ topic, key: null, value: Buffer.alloc(4_000) })),
      );
      await producer.close();
      const taken = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
      expect(outcomes.find((outcome) => outcome.status === "rejected")?.reason).toMatchObject({
        code: "PRODUCER_BUFFER_FULL",
      });
      const ends = await bench.admin().endOffsets([topic]);
      expect(ends.get(`${topic}:0`)).toBe(BigInt(taken));
    });

    it("takes a value of 10 MiB and refuses one more byte with a clear sentence", async () => {
      const topic = await topicOf(1, { "max.message.bytes": String(10 * 1024 * 1024 + 2_048) });
      const producer = await createProducer(bench.connection());
      const large = Buffer.alloc(10 * 1024 * 1024, "x");
      await producer.send({ topic, key: bytes("k"), value: large });
      await expect(
        producer.send({ topic, key: null, value: Buffer.alloc(large.length + 1) }),
      ).rejects.toMatchObject({
        code: "BAD_INPUT",
        message: expect.stringContaining(
          `A message of 10485761 bytes for ${topic} exceeds the limit of 10485760 bytes`,
        ),
      });
      const [record] = await readAll(bench.connection(), topic, 1);
      expect(record?.value?.equals(large)).toBe(true);
      await producer.close();
    });

    it("splits a batch that the topic finds too large, and tells which message is too large by itself", async () => {
      const topic = await topicOf(1, { "max.message.bytes": "3000" });
      const producer = await createProducer(bench.connection());
      const sends = Array.from({ length: 40 }, (_, index) =>
        producer.send({ topic, key: null, value: Buffer.alloc(1_000, index) }),
      );
      const tooLarge = producer.send({ topic, key: null, value: Buffer.alloc(5_000) });
      await expect(tooLarge).rejects.toMatchObject({
        code: "BAD_INPUT",
        message: expect.stringContaining(topic),
      });
      const offsets = (await Promise.all(sends)).map((delivery) => delivery.offset);
      expect(offsets).toEqual(Array.from({ length: 40 }, (_, index) => BigInt(index)));
      await expect(producer.send({ topic, key: null, value: bytes("after") })).resolves.toMatchObject({
        offset: 40n,
      });
      await producer.close();
    });

    it.each([
      { what: "a topic that does not exist", partition: 0, existing: false, code: "UNKNOWN_TOPIC" },
      { what: "a partition that does not exist", partition: 7, existing: true, code: "BAD_INPUT" },
      { what: "a partition that is no number of one", partition: -1, existing: true, code: "BAD_INPUT" },
    ])("refuses $what", async ({ partition, existing, code }) => {
      const topic = existing ? await topicOf(2) : uniqueName("nowhere");
      const producer = await createProducer(bench.connection());
      await expect(producer.send({ topic, key: null, value: null, partition })).rejects.toMatchObject({
        code,
      });
      await producer.close();
    });

    it("reports every delivery, and counts what it does", async () => {
      const topic = await topicOf(2, { "max.message.bytes": "3000" });
      const metrics = new Registry();
      const reports: DeliveryReport[] = [];
      const producer = await createProducer(bench.connection(), {
        metrics,
        onDelivery: (report) => void reports.push(report),
      });
      // Another one with the same registry adds to the same metrics.
      const second = await createProducer(bench.connection(), { metrics });
      const sends = Array.from({ length: 20 }, (_, index) =>
        producer.send({ topic, key: bytes(`k${index}`), value: Buffer.alloc(100) }),
      );
      await Promise.all(sends);
      await second.send({ topic, key: null, value: bytes("v") });
      await producer.send({ topic, key: null, value: Buffer.alloc(5_000) }).catch(() => {});
      await producer.close();
      await second.close();
      expect(reports).toHaveLength(21);
      expect(reports.filter(({ delivery }) => delivery !== null)).toHaveLength(20);
      expect(reports.every(({ tookMs, topic: told }) => tookMs > 0 && told === topic)).toBe(true);
      expect(reports.find(({ error }) => error !== null)).toMatchObject({ error: { code: "BAD_INPUT" } });
      const text = await metrics.metrics();
      expect(text).toContain(`candlewick_producer_messages_total{topic="${topic}"} 21`);
      expect(text).toContain(`candlewick_producer_errors_total{topic="${topic}",code="BAD_INPUT"} 1`);
      expect(text).toContain("candlewick_producer_in_flight_messages 0");
      expect(text).toContain("candlewick_producer_buffered_bytes 0");
      expect(text).toContain(`candlewick_producer_delivery_seconds_count{topic="${topic}"} 21`);
    });

    it.each([
      ["maxMessageBytes", { maxMessageBytes: 10 * 1024 * 1024 + 1 }],
      ["maxBatchBytes", { maxBatchBytes: 10 * 1024 * 1024 + 1 }],
      ["retries", { retries: -1 }],
      ["lingerMs", { lingerMs: 0.5 }],
    ])("refuses a %s out of its range", async (name, options) => {
      await expect(createProducer(bench.connection(), options)).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining(name),
      });
    });

    it.each(["none", "zstd"] as const)("sends batches of 10 MiB with compression %s", async (compression) => {
      const topic = await topicOf(1, { "max.message.bytes": String(11 * 1024 * 1024) });
      const options = { maxBatchBytes: 10 * 1024 * 1024, compression };
      const producer = await createProducer(bench.connection(), options);
      const sends = Array.from({ length: 20 }, (_, index) =>
        producer.send({ topic, key: null, value: Buffer.alloc(1024 * 1024, index) }),
      );
      const offsets = (await Promise.all(sends)).map(({ offset }) => Number(offset));
      expect(offsets).toEqual(Array.from({ length: 20 }, (_, index) => index));
      await producer.close();
    });

    it("writes to a partition that the topic has got since, and to none that it has not", async () => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection());
      const send = (partition: number) => producer.send({ topic, partition, key: null, value: bytes("v") });
      expect(await send(0)).toMatchObject({ partition: 0 });
      await bench.admin().growTopic(topic, 3);
      expect(await send(2)).toMatchObject({ partition: 2, offset: 0n });
      await expect(send(3)).rejects.toMatchObject({ code: "BAD_INPUT" });
      await producer.close();
    });

    it("says that a topic is gone, and writes again when it is back", async () => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection(), { retryBackoffMs: 10 });
      await producer.send({ topic, key: null, value: bytes("before") });
      await bench.admin().deleteTopics([topic]);
      const lost = producer.send({ topic, key: null, value: bytes("lost") });
      await expect(lost).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
      await bench.admin().createTopics([topicSpec(topic, 1)]);
      const after = await producer.send({ topic, key: null, value: bytes("after") });
      expect(after.offset).toBe(0n);
      await producer.close();
    });

    it("goes on when a callback throws", async () => {
      const topic = await topicOf(1);
      const producer = await createProducer(bench.connection());
      await producer.enqueue({ topic, key: null, value: null }, () => {
        throw new Error("the caller's own mistake");
      });
      await expect(producer.send({ topic, key: null, value: null })).resolves.toMatchObject({ partition: 0 });
      await producer.close();
    });

    it("takes nothing more once closed", async () => {
      const producer = await createProducer(bench.connection());
      await producer.close();
      const refused = producer.send({ topic: "t", key: null, value: null });
      await expect(refused).rejects.toMatchObject({ code: "KAFKA_CLIENT_CLOSED" });
    });
  });

  describe("a dead letter", () => {
    it("has the original bytes and Spring's headers, numbers in binary", async () => {
      const topic = await topicOf(1);
      await bench.admin().createTopics([topicSpec(`${topic}.dlq`, 1)]);
      const producer = await createProducer(bench.connection());
      await producer.send({ topic, key: null, value: bytes("before") });
      await producer.send({
        topic,
        key: bytes("key"),
        value: bytes("{broken"),
        headers: { trace: "t1" },
        timestampMs: 1_700_000_000_000,
      });
      const [, poison] = await readAll(bench.connection(), topic, 2);
      if (poison === undefined) throw new Error("the record was not read");
      const cause = new SyntaxError("no closing brace");
      await deadLetter(producer, poison, new TypeError("is not JSON", { cause }), 3);
      const [letter] = await readAll(bench.connection(), `${topic}.dlq`, 1);
      expect(letter).toMatchObject({ key: bytes("key"), value: bytes("{broken") });
      const { "kafka_dlt-exception-stacktrace": stack, ...headers } = Object.fromEntries(
        letter?.headers ?? [],
      );
      expect(String(stack)).toContain("TypeError: is not JSON");
      expect(headers).toEqual({
        trace: bytes("t1"),
        "kafka_dlt-original-topic": bytes(topic),
        "kafka_dlt-original-partition": Buffer.from("00000000", "hex"),
        "kafka_dlt-original-offset": Buffer.from("0000000000000001", "hex"),
        "kafka_dlt-original-timestamp": Buffer.from("0000018bcfe56800", "hex"),
        "kafka_dlt-original-timestamp-type": bytes("CreateTime"),
        "kafka_dlt-exception-fqcn": bytes("TypeError"),
        "kafka_dlt-exception-cause-fqcn": bytes("SyntaxError"),
        "kafka_dlt-exception-message": bytes("is not JSON"),
        "retry_topic-attempts": Buffer.from("00000003", "hex"),
      });
      await producer.close();
    });
  });
}
