import { ContractError } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { describe, expect, it } from "vitest";
import {
  type Consumer,
  type ConsumerOptions,
  createProducer,
  readRetryInfo,
  startGroupConsumer,
} from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { numberOf } from "./consumer-suite.ts";
import { consume, fillKeyed, keyedTopic, SETTINGS } from "./delivery-settings.ts";
import { readAll } from "./reading.ts";
import { bytes, uniqueName, until } from "./test-cluster.ts";

/** What becomes of records that fail, and of members that come and go. */
export function deliveryFailureSuite(bench: Bench): void {
  const start = (topic: string, options: Partial<ConsumerOptions>): Promise<Consumer> =>
    consume(bench, topic, options);

  describe("a record that fails", () => {
    it("is dead at once when it is poison, with the headers that say why", async () => {
      const topic = await keyedTopic(bench, 2, 10, 10);
      const groupId = uniqueName("g");
      const consumer = await start(topic, {
        groupId,
        handler(record) {
          if (numberOf(record) === 4) throw new ContractError("pair", "is missing");
        },
      });
      await until("all", () => consumer.totals().finished === 10);
      await consumer.stop(5_000);
      const [dead] = await readAll(bench.connection(), `${topic}.dlq`, 1);
      if (dead === undefined) throw new Error("there is a dead letter");
      expect([String(dead.key), String(dead.value)]).toEqual(["k4", "4"]);
      expect(readRetryInfo(dead)).toMatchObject({ origin: { topic }, attempts: 1, consumerGroup: groupId });
      const text = (name: string) => dead.headers.get(name)?.toString();
      expect(text("kafka_dlt-exception-fqcn")).toBe("ContractError");
      expect(text("kafka_dlt-exception-message")).toBe("pair: is missing");
      expect(consumer.totals()).toMatchObject({ handled: 9, dead: 1, retried: 0 });
    });

    it("is tried again later by way of the retry topics, then dead", async () => {
      const topic = await keyedTopic(bench, 2, 10, 10);
      const attempts: [number: number, attempt: number, topic: string, readFrom: string][] = [];
      const consumer = await start(topic, {
        handler(record, { attempt, readFrom }) {
          const number = numberOf(record);
          if (number !== 3 && number !== 6) return;
          attempts.push([number, attempt, record.topic, readFrom.topic]);
          if (number === 3 || attempt < 2) throw new Error(`not yet ${attempt}`);
        },
      });
      await until("all", () => consumer.totals().dead === 1 && consumer.totals().handled === 9);
      await consumer.stop(5_000);
      expect(attempts.filter(([number]) => number === 3)).toEqual([
        [3, 1, topic, topic],
        [3, 2, topic, `${topic}.retry.0`],
        [3, 3, topic, `${topic}.retry.1`],
      ]);
      expect(attempts.filter(([number]) => number === 6)).toHaveLength(2);
      const [dead] = await readAll(bench.connection(), `${topic}.dlq`, 1);
      expect(dead?.headers.get("kafka_dlt-exception-message")?.toString()).toBe("not yet 3");
      expect(dead === undefined ? null : readRetryInfo(dead).attempts).toBe(3);
    });

    it("is tried in place while something else is away", async () => {
      const topic = await keyedTopic(bench, 1, 5, 1);
      const seen: number[] = [];
      let failures = 0;
      const consumer = await start(topic, {
        handler(record) {
          if (numberOf(record) === 2 && failures++ < 4)
            throw new CandlewickError(ERRORS.databaseUnreachable, "away", "wait");
          seen.push(numberOf(record));
        },
      });
      await until("all", () => seen.length === 5);
      await consumer.stop(5_000);
      expect(seen).toEqual([0, 1, 2, 3, 4]);
      expect(consumer.totals()).toMatchObject({ failedInPlace: 4, retried: 0, dead: 0 });
    });

    it.each([
      { order: "key", handled: [0, 2, 4, 1, 3, 5] },
      { order: "none", handled: [0, 2, 3, 4, 5, 1] },
    ] as const)("has the later ones of its key behind it with order $order", async ({ order, handled }) => {
      // Keys k0 and k1 by turns: 1 fails once, and 3 and 5 are of its key.
      const topic = await keyedTopic(bench, 1, 6, 2);
      const seen: number[] = [];
      const consumer = await start(topic, {
        order,
        concurrency: 1,
        handler(record, { attempt }) {
          if (numberOf(record) === 1 && attempt === 1) throw new Error("not yet");
          seen.push(numberOf(record));
        },
      });
      await until("all", () => seen.length === 6);
      await consumer.stop(5_000);
      expect(seen.filter((number) => number % 2 === 1)).toEqual(handled.filter((number) => number % 2 === 1));
      expect(consumer.totals().parked).toBe(order === "key" ? 2 : 0);
    });

    it("keeps its key parked over a restart", async () => {
      const topic = await keyedTopic(bench, 1, 4, 2);
      const groupId = uniqueName("g");
      const retry = { ...SETTINGS.retry, delaysMs: [1_500] };
      const options = { groupId, retry };
      const first = await start(topic, {
        ...options,
        handler(record, { attempt, signal }) {
          if (numberOf(record) !== 1) return;
          if (attempt === 1) throw new Error("not yet");
          // Its time has come before this member was stopped: it is left to the next one.
          return new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(new Error())),
          );
        },
      });
      await until("parked", () => first.totals().parked === 1);
      await first.stop(1_000);
      await fillKeyed(bench, topic, 4, 8, 2);
      const seen: number[] = [];
      const second = await start(topic, {
        ...options,
        handler: (record) => void seen.push(numberOf(record)),
      });
      await until("all", () => seen.length === 6);
      await second.stop(5_000);
      expect(seen.filter((number) => number % 2 === 1)).toEqual([1, 3, 5, 7]);
      expect(seen.filter((number) => number % 2 === 0)).toEqual([4, 6]);
    });

    it("stops the consumer when it can be written nowhere, and nothing is lost", async () => {
      const topic = await keyedTopic(bench, 1, 6, 6);
      const groupId = uniqueName("g");
      const first: number[] = [];
      const consumer = await start(topic, {
        groupId,
        retry: { ...SETTINGS.retry, delaysMs: [] },
        moveTimeoutMs: 300,
        async handler(record) {
          if (numberOf(record) !== 3) return void first.push(numberOf(record));
          await bench.admin().deleteTopics([`${topic}.dlq`]);
          throw new ContractError("x", "is bad");
        },
      });
      await expect(consumer.done).rejects.toMatchObject({
        code: "DEAD_LETTER_UNWRITABLE",
        message: expect.stringContaining(`${topic}.dlq`),
      });
      const second: number[] = [];
      const next = await start(topic, { groupId, handler: (record) => void second.push(numberOf(record)) });
      await until("the rest", () => second.includes(3) && new Set([...first, ...second]).size === 6);
      await next.stop(5_000);
    });

    it("ends the consumer where failures are not to be moved", async () => {
      const topic = await keyedTopic(bench, 1, 3, 3);
      const consumer = await start(topic, {
        onFailure: "stop",
        handler(record) {
          if (numberOf(record) === 1) throw new Error("no");
        },
      });
      await expect(consumer.done).rejects.toMatchObject({ code: "HANDLER_FAILED" });
    });
  });

  describe("members that come and go", () => {
    it.each(["key", "none"] as const)("go on with a topic that has grown, with order %s", async (order) => {
      const topic = await keyedTopic(bench, 2, 0, 1);
      const groupId = uniqueName("g");
      const seen: number[] = [];
      const consumer = await start(topic, {
        groupId,
        order,
        handler(record, { attempt }) {
          if (attempt === 1) throw new Error("not yet");
          seen.push(record.partition);
        },
      });
      await until("assigned", () => consumer.assignment().length === 6);
      await bench.admin().growTopic(topic, 5);
      // A visitor makes the group look at its topics now, not in half a minute.
      const visitor = await startGroupConsumer(bench.connection(), {
        groupId,
        topics: [topic],
        resume: () => Promise.resolve(new Map()),
        start: "first",
        maxBatchRecords: 10,
        maxBatchBytes: 1_000,
        onBatch: () => Promise.resolve(),
      });
      await until("shared", () => consumer.assignment().length !== 6);
      await visitor.stop(5_000);
      const producer = await createProducer(bench.connection());
      for (let partition = 0; partition < 5; partition++)
        await producer.send({ topic, partition, key: bytes(`k${partition}`), value: bytes("0") });
      await producer.close();
      await until("all by way of the retry topics", () => seen.length === 5, 30_000);
      expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4]);
      expect(consumer.assignment()).toHaveLength(15);
      await consumer.stop(5_000);
    });

    it("drain before they give partitions up: from one to eight and back, nothing is lost or comes twice", async () => {
      const topic = await keyedTopic(bench, 8, 200, 20);
      const groupId = uniqueName("g");
      const seen: number[] = [];
      const member = (): Promise<Consumer> =>
        start(topic, {
          groupId,
          async handler(record) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            seen.push(numberOf(record));
          },
        });
      const members = [await member()];
      while (members.length < 8) {
        members.push(await member());
        await fillKeyed(bench, topic, (members.length - 1) * 200, members.length * 200, 20);
        await until("shared", () => members.every((one) => one.assignment().length > 0), 30_000);
      }
      while (members.length > 1) await members.shift()?.stop(10_000);
      await until("all", () => new Set(seen).size === 1_600, 30_000);
      await members[0]?.stop(5_000);
      expect(seen).toHaveLength(1_600);
    });
  });
}
