import { describe, expect, it } from "vitest";
import {
  type ConsumedRecord,
  createAdmin,
  createProducer,
  type GroupConsumer,
  partitionName,
  startGroupConsumer,
  startReader,
} from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { fill, filledTopic, memberOptions, numberOf } from "./consumer-suite.ts";
import { readAll, valuesByKey } from "./reading.ts";
import { bytes, connectionTo, topicSpec, uniqueName, until } from "./test-cluster.ts";

export function failureSuite(bench: Bench): void {
  describe("two members of a group", () => {
    it("share the partitions, and on a rebalance nothing is lost and nothing handled comes again", async () => {
      const topic = await filledTopic(bench, 4, 400);
      const group = uniqueName("g");
      const seen: number[] = [];
      const member = (): Promise<GroupConsumer> =>
        startGroupConsumer(bench.connection(), {
          ...memberOptions(topic, group),
          maxBatchRecords: 20,
          async onBatch(records) {
            await new Promise(setImmediate);
            seen.push(...records.map(numberOf));
          },
        });
      const first = await member();
      await until("some records", () => seen.length > 50);
      const second = await member();
      await until(
        "two partitions each",
        () => first.assignment().length === 2 && second.assignment().length === 2,
      );
      const names = [...first.assignment(), ...second.assignment()].map(partitionName);
      expect(new Set(names).size).toBe(4);
      await fill(bench, topic, 4, 400, 600);
      await until("all 600", () => new Set(seen).size === 600);
      await second.stop(5_000);
      await until("the first has all four", () => first.assignment().length === 4);
      await fill(bench, topic, 4, 600, 700);
      await until("all 700", () => new Set(seen).size === 700);
      await first.stop(5_000);
      // Every revocation was orderly here, so that each record was handled once.
      expect(seen).toHaveLength(700);
    });

    it("finish the batch in hand before its partitions are revoked", async () => {
      const topic = await filledTopic(bench, 2, 10);
      const group = uniqueName("g");
      const gate = Promise.withResolvers<void>();
      const events: string[] = [];
      const seen: number[] = [];
      const first = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        async onBatch(records) {
          if (events.length === 0) {
            events.push("entered");
            await gate.promise;
            events.push("finished");
          }
          seen.push(...records.map(numberOf));
        },
        onRevoked: () => void events.push("revoked"),
      });
      await until("the batch", () => events.length === 1);
      const second = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        onBatch: async (records) => void seen.push(...records.map(numberOf)),
      });
      // The second one waits for the first to join again, which it does after its batch.
      expect(second.assignment()).toEqual([]);
      gate.resolve();
      await until("shared", () => first.assignment().length === 1 && second.assignment().length === 1);
      expect(events.slice(0, 3)).toEqual(["entered", "finished", "revoked"]);
      await until("all ten", () => new Set(seen).size === 10);
      expect(seen).toHaveLength(10);
      await Promise.all([first.stop(5_000), second.stop(5_000)]);
    });
  });

  describe("a handler that takes longer than the session timeout", () => {
    it("does not lose the membership", { timeout: 30_000 }, async () => {
      const topic = await filledTopic(bench, 1, 3);
      const group = uniqueName("g");
      let batches = 0;
      let revoked = 0;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        async onBatch(_records, signal) {
          batches++;
          // Longer than the session timeout of 6 s, which is what the test is about.
          await new Promise((resolve) => setTimeout(resolve, 7_500));
          expect(signal.aborted).toBe(false);
        },
        onRevoked: () => void revoked++,
      });
      await until("the batch", () => batches === 1);
      await consumer.stop(20_000);
      await consumer.done;
      // The revocation is that of the stop.
      expect({ batches, revoked }).toEqual({ batches: 1, revoked: 1 });
      // Only a member may commit.
      expect(await bench.admin().committedOffsets(group, [topic])).toEqual(new Map([[`${topic}:0`, 3n]]));
    });
  });

  describe("a crash of the broker in the middle", () => {
    it("loses no message, doubles none, and keeps the order per key", { timeout: 60_000 }, async () => {
      const topic = uniqueName("crash");
      await bench.admin().createTopics([topicSpec(topic, 3)]);
      const producer = await createProducer(bench.connection(), { retries: 200 });
      const readerSaw: ConsumedRecord[] = [];
      const reader = await startReader(bench.connection(), {
        topics: [topic],
        from: "first",
        onRecords: (records) => void readerSaw.push(...records),
      });
      const groupSaw: ConsumedRecord[] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        onBatch: async (records) => void groupSaw.push(...records),
      });
      let acknowledged = 0;
      const sends: Promise<unknown>[] = [];
      const send = (from: number, to: number): void => {
        for (let index = from; index < to; index++) {
          const message = { topic, key: bytes(`k${index % 7}`), value: bytes(String(index)) };
          sends.push(producer.send(message).then(() => acknowledged++));
        }
      };
      send(0, 3_000);
      await until("some are acknowledged", () => acknowledged > 0);
      send(3_000, 6_000);
      await bench.cluster().crash();
      await bench.cluster().restart();
      send(6_000, 7_000);
      await Promise.all(sends);
      await producer.close();
      const records = await readAll(bench.connection(), topic, 7_000);
      expect(records).toHaveLength(7_000);
      for (const values of valuesByKey(records).values()) {
        const numbers = values.map(Number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
      await until("the reader has gone on", () => readerSaw.length === 7_000);
      const distinct = (): number => new Set(groupSaw.map(numberOf)).size;
      await until("the group has gone on", () => distinct() === 7_000, 30_000);
      await reader.stop(2_000);
      await consumer.stop(5_000);
    });
  });

  describe("a cluster that is not there", () => {
    it("is one clear error that names the addresses", async () => {
      const connection = connectionTo(["127.0.0.1:1", "127.0.0.1:2"]);
      const options = { ...memberOptions("t", "g"), onBatch: async () => {} };
      const reading = { topics: ["t"], from: "first", onRecords() {} } as const;
      const starts = [
        createAdmin(connection),
        createProducer(connection),
        startReader(connection, reading),
        startGroupConsumer(connection, options),
      ];
      for (const start of starts) {
        await expect(start).rejects.toMatchObject({
          code: "KAFKA_UNREACHABLE",
          message: expect.stringContaining("127.0.0.1:1, 127.0.0.1:2"),
        });
      }
    });

    it("and an address that is none, and a topic that does not exist, are told apart", async () => {
      await expect(createAdmin(connectionTo(["localhost"]))).rejects.toMatchObject({ code: "KAFKA_REFUSED" });
      const options = { ...memberOptions(uniqueName("nowhere"), "g"), onBatch: async () => {} };
      await expect(startGroupConsumer(bench.connection(), options)).rejects.toMatchObject({
        code: "UNKNOWN_TOPIC",
      });
    });
  });

  describe("a producer whose broker went away", () => {
    it("tells each message's failure after its attempts and delivers again later", {
      timeout: 60_000,
    }, async () => {
      const topic = uniqueName("away");
      await bench.admin().createTopics([topicSpec(topic, 1)]);
      const producer = await createProducer(bench.connection(), { retries: 1, retryBackoffMs: 10 });
      await producer.send({ topic, key: null, value: bytes("before") });
      await bench.cluster().crash();
      const lost = [1, 2].map((number) =>
        producer.send({ topic, key: null, value: bytes(`lost ${number}`) }),
      );
      for (const send of lost) {
        await expect(send).rejects.toMatchObject({ code: "DELIVERY_FAILED", retry: "backoff" });
      }
      await bench.cluster().restart();
      // A broker that answers may still have no leader for the partition: one that waits longer finds out.
      const patient = await createProducer(bench.connection(), { retries: 200 });
      await patient.send({ topic, key: null, value: bytes("between") });
      await patient.close();
      await expect(producer.send({ topic, key: null, value: bytes("after") })).resolves.toMatchObject({
        topic,
      });
      await producer.close();
    });

    it("rejects what is left when the deadline of its close passes", { timeout: 60_000 }, async () => {
      const topic = uniqueName("close");
      await bench.admin().createTopics([topicSpec(topic, 1)]);
      const producer = await createProducer(bench.connection(), { retries: 100_000, retryBackoffMs: 10 });
      await producer.send({ topic, key: null, value: bytes("before") });
      await bench.cluster().crash();
      const outcomes: (string | undefined)[] = [];
      await producer.enqueue({ topic, key: null, value: bytes("left") }, (error) => {
        outcomes.push(error instanceof Error && "code" in error ? String(error.code) : undefined);
      });
      const left = producer.send({ topic, key: null, value: bytes("left too") });
      const leftToo = expect(left).rejects.toMatchObject({ code: "KAFKA_DEADLINE_PASSED" });
      await expect(producer.flush(50)).rejects.toMatchObject({ code: "KAFKA_DEADLINE_PASSED" });
      await expect(producer.close(200)).rejects.toMatchObject({ code: "KAFKA_DEADLINE_PASSED" });
      await leftToo;
      expect(outcomes).toEqual(["KAFKA_DEADLINE_PASSED"]);
      await bench.cluster().restart();
    });
  });
}
