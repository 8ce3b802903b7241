import { CandlewickError, ERRORS, silentLogger } from "@candlewick/runtime";
import { describe, expect, it } from "vitest";
import {
  type ConsumedRecord,
  createProducer,
  type GroupConsumerOptions,
  partitionName,
  startGroupConsumer,
} from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { truncate } from "./reader-suite.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

/** What most members of the tests have in common. */
export function memberOptions(topic: string, groupId: string): Omit<GroupConsumerOptions, "onBatch"> {
  return {
    groupId,
    topics: [topic],
    resume: async () => new Map(),
    start: "first",
    maxBatchRecords: 1_000,
    maxBatchBytes: 1 << 20,
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 200,
    retryBackoffMs: 10,
  };
}

/** A topic with the numbers from 0 on, spread over its partitions in turn. */
export async function filledTopic(bench: Bench, partitions: number, count: number): Promise<string> {
  const topic = uniqueName("consumed");
  await bench.admin().createTopics([topicSpec(topic, partitions)]);
  await fill(bench, topic, partitions, 0, count);
  return topic;
}

export async function fill(
  bench: Bench,
  topic: string,
  partitions: number,
  from: number,
  to: number,
): Promise<void> {
  const producer = await createProducer(bench.connection());
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await Promise.all(
    numbers.map((number) =>
      producer.send({ topic, key: null, value: bytes(String(number)), partition: number % partitions }),
    ),
  );
  await producer.close();
}

export const numberOf = (record: ConsumedRecord): number => Number(record.value);

export function consumerSuite(bench: Bench): void {
  describe("a group consumer", () => {
    it("hands over everything in order per partition, one batch at a time, within the bounds", async () => {
      const topic = await filledTopic(bench, 3, 1_000);
      const seen: ConsumedRecord[] = [];
      let inHand = 0;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        maxBatchRecords: 50,
        async onBatch(records) {
          expect(++inHand).toBe(1);
          expect(records.length).toBeLessThanOrEqual(50);
          await new Promise(setImmediate);
          seen.push(...records);
          inHand--;
        },
      });
      await until("all records", () => seen.length === 1_000);
      for (const partition of [0, 1, 2]) {
        const offsets = seen
          .filter((record) => record.partition === partition)
          .map((record) => Number(record.offset));
        expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => index));
      }
      expect(consumer.assignment()).toHaveLength(3);
      expect([...(await consumer.lag()).values()]).toEqual([0n, 0n, 0n]);
      await consumer.stop(5_000);
      await consumer.done;
      expect(consumer.assignment()).toEqual([]);
    });

    it("keeps to the bound of bytes, but hands over a record that is larger by itself", async () => {
      const topic = await filledTopic(bench, 1, 0);
      const producer = await createProducer(bench.connection());
      for (const size of [400, 400, 400, 5_000, 400]) {
        await producer.send({ topic, key: null, value: Buffer.alloc(size) });
      }
      await producer.close();
      const batches: number[][] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        maxBatchBytes: 1_000,
        onBatch: async (records) => void batches.push(records.map((record) => record.value?.length ?? 0)),
      });
      await until("five records", () => batches.flat().length === 5);
      expect(batches.every((sizes) => sizes.length === 1 || sizes.reduce((a, b) => a + b, 0) <= 1_000)).toBe(
        true,
      );
      await consumer.stop(5_000);
    });

    it("commits after a batch has resolved, and a graceful stop commits the batch in hand", async () => {
      const topic = await filledTopic(bench, 1, 10);
      const group = uniqueName("g");
      const gate = Promise.withResolvers<void>();
      let entered = false;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        async onBatch() {
          entered = true;
          await gate.promise;
        },
      });
      await until("the batch", () => entered);
      expect(await bench.admin().committedOffsets(group, [topic])).toEqual(new Map());
      const stopped = consumer.stop(10_000);
      gate.resolve();
      await stopped;
      expect(await bench.admin().committedOffsets(group, [topic])).toEqual(new Map([[`${topic}:0`, 10n]]));
    });

    it("gives the batch in hand up at the deadline of a stop, uncommitted", async () => {
      const topic = await filledTopic(bench, 1, 3);
      const group = uniqueName("g");
      let signalled = false;
      let entered = false;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        onBatch: (_records, signal) =>
          new Promise((_resolve, reject) => {
            entered = true;
            signal.addEventListener("abort", () => {
              signalled = true;
              reject(new Error("given up"));
            });
          }),
      });
      await until("the batch", () => entered);
      await consumer.stop(400);
      expect(signalled).toBe(true);
      await consumer.done;
      expect(await bench.admin().committedOffsets(group, [topic])).toEqual(new Map());
    });

    it("stops in time even if the handler hears no signal", async () => {
      const topic = await filledTopic(bench, 1, 3);
      const gate = Promise.withResolvers<void>();
      let entered = false;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        onBatch() {
          entered = true;
          return gate.promise;
        },
      });
      await until("the batch", () => entered);
      const begun = performance.now();
      await consumer.stop(500);
      expect(performance.now() - begun).toBeLessThan(1_500);
      gate.resolve();
      await consumer.done;
    });

    it("resumes at the caller's offsets, else at Kafka's, else at the start", async () => {
      const topic = await filledTopic(bench, 3, 30);
      const group = uniqueName("g");
      const read = async (
        stored: ReadonlyMap<string, bigint>,
        expected: number,
      ): Promise<ConsumedRecord[]> => {
        const seen: ConsumedRecord[] = [];
        const consumer = await startGroupConsumer(bench.connection(), {
          ...memberOptions(topic, group),
          resume: async (partitions) => {
            expect(partitions.map(partitionName)).toEqual([`${topic}:0`, `${topic}:1`, `${topic}:2`]);
            return stored;
          },
          onBatch: async (records) => void seen.push(...records),
        });
        await until(`${expected} records`, () => seen.length === expected);
        await consumer.stop(5_000);
        return seen;
      };
      await read(new Map([[`${topic}:1`, 4n]]), 26);
      // Kafka has the ends committed now; only the caller's own offset is older.
      const again = await read(new Map([[`${topic}:2`, 8n]]), 2);
      expect(again.map((record) => [record.partition, record.offset])).toEqual([
        [2, 8n],
        [2, 9n],
      ]);
    });

    it.each([
      { what: "below the first record", stored: 2n, missing: "the records 2 to 5 are gone" },
      { what: "above the end", stored: 99n, missing: "the offsets 10 to 98 were handled once" },
    ])("ends with OFFSET_LOST for a stored offset $what", async ({ stored, missing }) => {
      const topic = await filledTopic(bench, 1, 10);
      await truncate(bench.cluster().brokers, topic, 6n);
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        resume: async () => new Map([[`${topic}:0`, stored]]),
        onBatch: async () => expect.unreachable("nothing may be handed over"),
      });
      await expect(consumer.done).rejects.toMatchObject({
        code: "OFFSET_LOST",
        message: expect.stringContaining(missing),
      });
      await consumer.stop(1_000);
    });

    it("goes on at the first offset there is where the loss is accepted, and says so as an error", async () => {
      const topic = await filledTopic(bench, 1, 10);
      await truncate(bench.cluster().brokers, topic, 6n);
      const errors: string[] = [];
      const connection = bench.connection();
      const logger = { ...silentLogger, error: (text: string) => void errors.push(text) };
      const seen: bigint[] = [];
      const consumer = await startGroupConsumer(
        { ...connection, logger },
        {
          ...memberOptions(topic, uniqueName("g")),
          acceptLostOffsets: true,
          resume: async () => new Map([[`${topic}:0`, 2n]]),
          onBatch: async (records) => void seen.push(...records.map((record) => record.offset)),
        },
      );
      await until("the rest", () => seen.length === 4);
      expect(seen).toEqual([6n, 7n, 8n, 9n]);
      expect(errors).toEqual([expect.stringContaining("the records 2 to 5 are gone")]);
      await consumer.stop(5_000);
    });

    it("retries a transient failure in place, with the same batch", async () => {
      const topic = await filledTopic(bench, 1, 5);
      const attempts: number[][] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        async onBatch(records) {
          attempts.push(records.map(numberOf));
          if (attempts.length < 4) throw new CandlewickError(ERRORS.databaseUnreachable, "away", "wait");
        },
      });
      await until("four attempts", () => attempts.length === 4);
      await until("the offsets are settled", () => attempts.flat().length >= 4 * (attempts[0]?.length ?? 1));
      expect(new Set(attempts.slice(0, 4).map(String)).size).toBe(1);
      await consumer.stop(5_000);
      await consumer.done;
    });

    it("throws a fenced batch away, joins again and asks for the offsets anew", async () => {
      const topic = await filledTopic(bench, 1, 10);
      let stored = 0n;
      let resumed = 0;
      let revoked = 0;
      const handled: number[] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        maxBatchRecords: 4,
        resume: async (partitions) => {
          resumed++;
          return new Map(partitions.map((partition) => [partitionName(partition), stored]));
        },
        onRevoked: () => void revoked++,
        async onBatch(records) {
          if (resumed === 1 && records[0]?.offset === 4n) {
            // Somebody else has written the offsets up to 6 meanwhile.
            stored = 6n;
            throw new CandlewickError(ERRORS.fenced, "another owner", "join again");
          }
          handled.push(...records.map(numberOf));
          stored = (records.at(-1)?.offset ?? 0n) + 1n;
        },
      });
      await until("the rest", () => handled.includes(9));
      expect(handled).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
      expect({ resumed, revoked }).toEqual({ resumed: 2, revoked: 1 });
      await consumer.stop(5_000);
      expect(revoked).toBe(2);
    });

    it("ends with any other error of the handler, and lets the others have the partitions", async () => {
      const topic = await filledTopic(bench, 1, 10);
      const group = uniqueName("g");
      const failing = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        onBatch: () => Promise.reject(new TypeError("a bug")),
      });
      await expect(failing.done).rejects.toThrow("a bug");
      const seen: number[] = [];
      const next = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        onBatch: async (records) => void seen.push(...records.map(numberOf)),
      });
      await until("all again", () => seen.length === 10);
      await next.stop(5_000);
    });

    it("asks for the stored offsets again when they cannot be read at once", async () => {
      const topic = await filledTopic(bench, 1, 1);
      let asked = 0;
      let seen = 0;
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, uniqueName("g")),
        resume: async () => {
          if (++asked < 3) throw new CandlewickError(ERRORS.databaseUnreachable, "away", "wait");
          return new Map();
        },
        async onBatch(records) {
          seen += records.length;
        },
      });
      await until("the record", () => seen === 1);
      expect(asked).toBe(3);
      await consumer.stop(5_000);
    });
  });
}
