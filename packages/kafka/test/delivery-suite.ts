import { partitionName } from "@candlewick/contracts";
import { Registry } from "@candlewick/runtime";
import { describe, expect, it } from "vitest";
import {
  BatchFailure,
  type Consumer,
  type ConsumerOptions,
  createProducer,
  startConsumer,
} from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { filledTopic, numberOf } from "./consumer-suite.ts";
import { deliveryFailureSuite } from "./delivery-failure-suite.ts";
import { consume, fillKeyed, keyedTopic, SETTINGS } from "./delivery-settings.ts";
import { incrementalSuite } from "./incremental-suite.ts";
import { mixedGroupSuite } from "./mixed-group-suite.ts";
import { readAll } from "./reading.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

export function deliverySuite(bench: Bench): void {
  const start = (topic: string, options: Partial<ConsumerOptions>): Promise<Consumer> =>
    consume(bench, topic, options);

  describe("a consumer with handlers", () => {
    it("handles keys side by side, each in its order, and not more at once than allowed", async () => {
      const topic = await keyedTopic(bench, 3, 2_000, 100);
      const seen = new Map<string, number[]>();
      let running = 0;
      let most = 0;
      let count = 0;
      const consumer = await start(topic, {
        concurrency: 20,
        async handler(record) {
          most = Math.max(most, ++running);
          await new Promise(setImmediate);
          running--;
          count++;
          const key = String(record.key);
          seen.set(key, [...(seen.get(key) ?? []), numberOf(record)]);
        },
      });
      await until("all records", () => count === 2_000);
      await consumer.stop(5_000);
      await consumer.done;
      expect(most).toBeGreaterThan(10);
      expect(most).toBeLessThanOrEqual(20);
      for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(count).toBe(2_000);
    });

    it.each([
      { parallelism: "partition", most: 3 },
      { parallelism: "single", most: 1 },
    ] as const)("handles $most at once by $parallelism", async ({ parallelism, most }) => {
      const topic = await filledTopic(bench, 3, 90);
      const running = new Set<number>();
      const sizes: number[] = [];
      const seen: number[][] = [[], [], []];
      const consumer = await start(topic, {
        parallelism,
        async handler(record) {
          expect(running.has(record.partition)).toBe(false);
          running.add(record.partition);
          sizes.push(running.size);
          await new Promise(setImmediate);
          running.delete(record.partition);
          seen[record.partition]?.push(Number(record.offset));
        },
      });
      await until("all records", () => seen.flat().length === 90);
      await consumer.stop(5_000);
      expect(Math.max(...sizes)).toBe(most);
      for (const offsets of seen) expect(offsets).toEqual(offsets.map((_, index) => index));
    });

    it("gives batches up to their bounds, and finds the record that made one fail", async () => {
      const topic = await filledTopic(bench, 1, 20);
      const sizes: number[] = [];
      const done: number[] = [];
      const consumer = await start(topic, {
        parallelism: "partition",
        order: "none",
        retry: { ...SETTINGS.retry, delaysMs: [] },
        batch: {
          maxRecords: 6,
          lingerMs: 50,
          handler(records) {
            sizes.push(records.length);
            const numbers = records.map(numberOf);
            if (numbers.includes(3)) throw new Error("one of them is bad");
            if (numbers.includes(13)) throw new BatchFailure(numbers.indexOf(13), new Error("this one"));
            done.push(...numbers);
          },
        },
      });
      await until("all twenty", () => consumer.totals().finished === 20);
      await consumer.stop(5_000);
      expect(Math.max(...sizes)).toBe(6);
      expect(done.filter((number) => number === 3 || number === 13)).toEqual([]);
      expect(new Set(done).size).toBe(done.length);
      const dead = await readAll(bench.connection(), `${topic}.dlq`, 2);
      expect(dead.map(numberOf).sort((a, b) => a - b)).toEqual([3, 13]);
    });

    it("commits what is finished out of order, so that a restart sees only the unfinished record", async () => {
      const topic = await keyedTopic(bench, 1, 50, 10);
      const groupId = uniqueName("g");
      const first: number[] = [];
      const consumer = await start(topic, {
        groupId,
        handler(record, { signal }) {
          if (numberOf(record) !== 7) return void first.push(numberOf(record));
          return new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(new Error())),
          );
        },
      });
      // Record 7 holds 17, 27, 37, 47 of its key.
      await until("the others", () => first.length === 45);
      await consumer.stop(500);
      await consumer.done;
      expect((await bench.admin().committedOffsets(groupId, [topic])).get(`${topic}:0`)).toBe(7n);
      const second: number[] = [];
      const next = await start(topic, { groupId, handler: (record) => void second.push(numberOf(record)) });
      await until("the rest", () => second.length === 5);
      await next.stop(5_000);
      expect(second).toEqual([7, 17, 27, 37, 47]);
      expect(next.totals().skipped["finished-before"]).toBe(38);
    });

    it("commits by hand where that is wanted, and then only so", async () => {
      const topic = await filledTopic(bench, 1, 10);
      const groupId = uniqueName("g");
      let handled = 0;
      const consumer = await start(topic, {
        groupId,
        parallelism: "partition",
        commit: "manual",
        async handler(record, context) {
          if (numberOf(record) === 4) await context.commit();
          handled++;
        },
      });
      const committed = async () =>
        (await bench.admin().committedOffsets(groupId, [topic])).get(`${topic}:0`);
      await until("all", () => handled === 10);
      expect(await committed()).toBe(5n);
      await consumer.commit();
      expect(await committed()).toBe(10n);
      await consumer.stop(5_000);
    });

    it("has committed when commit() of a handler resolves, however long that held the event loop", async () => {
      const topic = await filledTopic(bench, 1, 1);
      const groupId = uniqueName("g");
      const told = Promise.withResolvers<bigint | undefined>();
      const consumer = await start(topic, {
        groupId,
        parallelism: "partition",
        commit: "manual",
        async handler(_record, context) {
          const untilMs = performance.now() + 25;
          while (performance.now() < untilMs);
          await context.commit();
          told.resolve((await bench.admin().committedOffsets(groupId, [topic])).get(`${topic}:0`));
        },
      });
      expect(await told.promise).toBe(1n);
      await consumer.stop(5_000);
    });

    it.each([
      { what: "first", offset: "first", seen: [0, 1, 2, 3, 4, 5] },
      { what: "earliest", offset: "earliest", seen: [0, 1, 2, 3, 4, 5] },
      { what: "an offset", offset: 4, seen: [4, 5] },
      { what: "a time", offset: { timeMs: 1_003 }, seen: [3, 4, 5] },
      { what: "a date", offset: new Date(1_005), seen: [5] },
      { what: "last", offset: "last", seen: [] },
      { what: "latest", offset: "latest", seen: [] },
      { what: "a time to come", offset: { timeMs: 5_000 }, seen: [] },
    ] as const)("starts at $what", async ({ offset, seen }) => {
      const topic = uniqueName("start");
      // The records are too old for any retention.
      await bench.admin().createTopics([topicSpec(topic, 1, { "retention.ms": "-1" })]);
      const producer = await createProducer(bench.connection());
      const send = (number: number) =>
        producer.send({ topic, key: null, value: bytes(String(number)), timestampMs: 1_000 + number });
      for (let number = 0; number < 6; number++) await send(number);
      const found: number[] = [];
      const groupId = uniqueName("g");
      const handler = (record: Parameters<typeof numberOf>[0]) => void found.push(numberOf(record));
      const consumer = await start(topic, { groupId, offset, parallelism: "partition", handler });
      await until("committed starts", () => consumer.assignment().length > 0);
      const committed = async () =>
        (await bench.admin().committedOffsets(groupId, [topic])).get(`${topic}:0`);
      for (let next = await committed(); next !== 6n; next = await committed())
        await new Promise(setImmediate);
      await send(6);
      await until("the next one", () => found.includes(6));
      await consumer.stop(5_000);
      expect(found).toEqual([...seen, 6]);
      await producer.close();
      // With a commit the start does not count, unless that is asked for.
      const again: number[] = [];
      const repeated = await start(topic, {
        groupId,
        offset: "first",
        ignoreCommitted: true,
        parallelism: "partition",
        handler: (record) => void again.push(numberOf(record)),
      });
      await until("all again", () => again.length === 7);
      await repeated.stop(5_000);
    });

    it("pauses and resumes a partition", async () => {
      const topic = await filledTopic(bench, 2, 40);
      const seen: number[] = [];
      const partitions = [{ topic, partition: 0 }];
      const consumer = await start(topic, {
        handler: (record) => void seen.push(record.partition),
      });
      consumer.pause(partitions);
      await until("the other partition", () => seen.filter((partition) => partition === 1).length === 20);
      const before = seen.filter((partition) => partition === 0).length;
      expect(before).toBeLessThan(20);
      consumer.resume(partitions);
      await until("all", () => seen.length === 40);
      await consumer.stop(5_000);
    });

    it("follows an expression to topics that come later, and leaves retries and dead letters alone", async () => {
      const prefix = uniqueName("expr");
      await bench.admin().createTopics([topicSpec(`${prefix}-a`, 1), topicSpec(`${prefix}-a.dlq.audit`, 1)]);
      await fillKeyed(bench, `${prefix}-a`, 0, 5, 5);
      const seen: string[] = [];
      const consumer = await startConsumer(bench.connection(), {
        ...SETTINGS,
        groupId: uniqueName("g"),
        topics: [new RegExp(`^${prefix}-`)],
        topicRefreshMs: 10,
        handler: (record) => void seen.push(record.topic),
      });
      await until("the first topic", () => seen.length === 5);
      await bench.admin().createTopics([topicSpec(`${prefix}-b`, 2)]);
      await fillKeyed(bench, `${prefix}-b`, 0, 5, 5);
      await until("the second topic", () => seen.filter((topic) => topic === `${prefix}-b`).length === 5);
      const sources = new Set(consumer.assignment().map(({ topic }) => topic.replace(/\.retry.*/, "")));
      expect([...sources].sort()).toEqual([`${prefix}-a`, `${prefix}-b`]);
      await consumer.stop(5_000);
    });

    it("tells lag, metrics and a stall", async () => {
      const topic = await keyedTopic(bench, 1, 10, 1);
      const gate = Promise.withResolvers<void>();
      const metrics = new Registry();
      const stalls: string[] = [];
      const consumer = await start(topic, {
        groupId: "metered",
        metrics,
        stallReportMs: 100,
        onStall: ({ oldest }) =>
          void stalls.push(oldest.map((one) => `${one.topic}:${one.partition}@${one.offset}`).join()),
        handler: () => gate.promise,
      });
      await until("a stall", () => stalls.length > 0);
      expect(stalls[0]).toBe(`${topic}:0@0`);
      const lag = (await consumer.lag()).get(`${topic}:0`);
      expect(lag?.records).toBe(10n);
      expect(lag?.seconds).toBeGreaterThan(0);
      const text = await metrics.metrics();
      expect(text).toContain(
        `candlewick_consumer_lag_records{group="metered",topic="${topic}",partition="0"} 10`,
      );
      expect(text).toContain('candlewick_consumer_running_handlers{group="metered"} 1');
      gate.resolve();
      await until("all", () => consumer.totals().handled === 10);
      expect((await consumer.lag()).get(`${topic}:0`)).toEqual({ records: 0n, seconds: 0 });
      expect(await metrics.metrics()).toContain(
        'candlewick_consumer_records_total{group="metered",outcome="handled"} 10',
      );
      await consumer.stop(5_000);
      expect(await metrics.metrics()).not.toContain("metered");
    });

    it("comes back as a static member without a rebalance", async () => {
      const topic = await filledTopic(bench, 2, 0);
      const groupId = uniqueName("g");
      const revocations: string[] = [];
      const member = (name: string) =>
        start(topic, {
          groupId,
          groupInstanceId: name,
          handler: () => {},
          onRevoked: () => void revocations.push(name),
        });
      const one = await member("one");
      const two = await member("two");
      await until("shared", () => one.assignment().length === 3 && two.assignment().length === 3);
      revocations.length = 0;
      const before = one.assignment().map(partitionName);
      await one.stop(2_000);
      const back = await member("one");
      await until("back", () => back.assignment().length === 3);
      expect(back.assignment().map(partitionName)).toEqual(before);
      expect(revocations).toEqual(["one"]);
      await Promise.all([back.stop(2_000), two.stop(2_000)]);
    });

    it("ends at once when another member goes by its name", async () => {
      const topic = await filledTopic(bench, 1, 0);
      const groupId = uniqueName("g");
      // Longer than the test waits: what ends it must be the heartbeat's answer.
      const twin = { groupId, groupInstanceId: "twin", handler: () => {}, sessionTimeoutMs: 60_000 };
      const one = await start(topic, twin);
      await until("the first", () => one.assignment().length === 3);
      let ended: unknown = null;
      one.done.catch((error: unknown) => {
        ended = error;
      });
      const two = await start(topic, twin);
      await until("the end", () => ended !== null);
      expect(ended).toMatchObject({
        message: expect.stringContaining("FENCED_INSTANCE_ID"),
        advice: expect.stringContaining("groupInstanceId"),
      });
      await until("the second", () => two.assignment().length === 3);
      await two.stop(2_000);
    });

    it("runs a handler's module in threads, whose errors mean what they meant there", async () => {
      const topic = await keyedTopic(bench, 1, 12, 12);
      const consumer = await start(topic, {
        handler: { module: new URL("./thread-handler.fixture.ts", import.meta.url), threads: 2 },
        retry: { ...SETTINGS.retry, delaysMs: [] },
      });
      await until("all", () => consumer.totals().finished === 12);
      const dead = await readAll(bench.connection(), `${topic}.dlq`, 2);
      const told = dead.map((record) => [
        numberOf(record),
        record.headers.get("kafka_dlt-exception-fqcn")?.toString(),
        record.headers.get("kafka_dlt-exception-message")?.toString(),
      ]);
      expect(told.sort()).toEqual([
        [3, "ContractError", "price: is no number"],
        [5, "RangeError", "not five"],
      ]);
      expect(consumer.totals()).toMatchObject({ handled: 10, dead: 2 });
      expect(consumer.totals().failedInPlace).toBeGreaterThan(0);
      await consumer.stop(5_000);
    });
  });

  deliveryFailureSuite(bench);
  incrementalSuite(bench);
  mixedGroupSuite(bench);
}
