import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { Admin as OtherAdmin } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { type Consumer, type ConsumerOptions, createProducer, type Producer } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { numberOf } from "./consumer-suite.ts";
import { consume, fillKeyed, keyedTopic } from "./delivery-settings.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

/** The ways in which members keep what stays theirs. */
const WAYS = [
  { way: "the consumer protocol", options: { groupProtocol: "consumer" } },
  { way: "the consumer protocol by range", options: { groupProtocol: "consumer", assignor: "range" } },
  { way: "the cooperative-sticky assignor", options: { assignor: "cooperative-sticky" } },
] as const;

const sourcesOf = (topic: string, partitions: readonly TopicPartition[]): string[] =>
  partitions.filter((one) => one.topic === topic).map(partitionName);

export function incrementalSuite(bench: Bench): void {
  describe.each(WAYS)("members by $way", ({ options: protocol }) => {
    const start = (topic: string, options: Partial<ConsumerOptions>): Promise<Consumer> =>
      consume(bench, topic, { ...protocol, ...options });

    it("share partitions from one to six and back: nothing is lost or comes twice, keys keep their order", async () => {
      const topic = await keyedTopic(bench, 6, 200, 20);
      const groupId = uniqueName("g");
      const seen: number[] = [];
      const member = (): Promise<Consumer> =>
        start(topic, {
          groupId,
          async handler(record, { attempt }) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (attempt === 1 && numberOf(record) % 50 === 7) throw new Error("not yet");
            seen.push(numberOf(record));
          },
        });
      const members = [await member()];
      while (members.length < 6) {
        members.push(await member());
        await fillKeyed(bench, topic, (members.length - 1) * 200, members.length * 200, 20);
        await until("shared", () => members.every((one) => one.assignment().length > 0), 30_000);
      }
      // Each partition has one member, which has its retries as well.
      await until("even", () => members.every((one) => one.assignment().length === 3), 30_000);
      const names = members.flatMap((one) => one.assignment().map(partitionName));
      expect(new Set(names).size).toBe(18);
      while (members.length > 1) await members.shift()?.stop(10_000);
      await until("all", () => new Set(seen).size === 1_200, 30_000);
      await members[0]?.stop(5_000);
      expect(seen).toHaveLength(1_200);
      for (const numbers of Map.groupBy(seen, (number) => number % 20).values())
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    });

    it("go on with what stays while what leaves is finished", async () => {
      const topic = uniqueName("stays");
      await bench.admin().createTopics([topicSpec(topic, 4)]);
      const producer = await createProducer(bench.connection());
      const groupId = uniqueName("g");
      const gate = Promise.withResolvers<void>();
      const stuck: number[] = [];
      const rounds = [-1, -1, -1, -1];
      const revoked: string[] = [];
      const first = await start(topic, {
        groupId,
        async handler(record) {
          if (String(record.key) === "stuck") {
            stuck.push(record.partition);
            await gate.promise;
          } else rounds[record.partition] = numberOf(record);
        },
        onRevoked: (partitions) => void revoked.push(...sourcesOf(topic, partitions)),
      });
      for (let partition = 0; partition < 4; partition++)
        await producer.send({ topic, partition, key: bytes("stuck"), value: bytes("0") });
      await until("all are stuck", () => stuck.length === 4);
      const elsewhere: number[] = [];
      const second = await start(topic, {
        groupId,
        handler: (record) => void elsewhere.push(record.partition),
      });
      const stopped = await feedUntilSomeStop(producer, topic, rounds);
      expect(stopped).toHaveLength(2);
      // Nobody has them while their handlers run, and the others go on.
      expect(second.assignment()).toEqual([]);
      expect(revoked).toEqual([]);
      expect(stuck).toHaveLength(4);
      gate.resolve();
      await until("handed over", () => second.assignment().length > 0);
      await until("read there", () => new Set(elsewhere).size === 2);
      expect([...new Set(elsewhere)].toSorted()).toEqual(stopped);
      expect(revoked.toSorted()).toEqual(stopped.map((partition) => `${topic}:${partition}`));
      expect(stuck).toHaveLength(4);
      await Promise.all([first.stop(5_000), second.stop(5_000), producer.close()]);
    });

    it("come back as static members without a rebalance", async () => {
      const topic = await keyedTopic(bench, 4, 0, 1);
      const groupId = uniqueName("g");
      const revocations: string[] = [];
      const member = (name: string): Promise<Consumer> =>
        start(topic, {
          groupId,
          groupInstanceId: name,
          handler: () => {},
          onRevoked: () => void revocations.push(name),
        });
      const one = await member("one");
      const two = await member("two");
      await until("shared", () => one.assignment().length === 6 && two.assignment().length === 6);
      revocations.length = 0;
      const before = one.assignment().map(partitionName).toSorted();
      await one.stop(2_000);
      const back = await member("one");
      await until("back", () => back.assignment().length === 6);
      expect(back.assignment().map(partitionName).toSorted()).toEqual(before);
      expect(revocations).toEqual(["one"]);
      await Promise.all([back.stop(2_000), two.stop(2_000)]);
    });

    it("join again when the group has gone on without them", async () => {
      const topic = await keyedTopic(bench, 2, 0, 1);
      const groupId = uniqueName("g");
      const events: string[] = [];
      const gate = Promise.withResolvers<void>();
      const seen: number[] = [];
      const consumer = await start(topic, {
        groupId,
        async handler(record, { signal }) {
          seen.push(numberOf(record));
          if (seen.length > 1) return;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          events.push("told");
          await gate.promise;
        },
        onRevoked: (_partitions, how) => void events.push(how),
      });
      await until("assigned", () => consumer.assignment().length === 6);
      await fillKeyed(bench, topic, 0, 1, 1);
      await until("begun", () => seen.length === 1);
      await putOut(bench, groupId);
      await until("told", () => events.length === 1);
      gate.resolve();
      await until("again", () => seen.length === 2);
      expect(events).toEqual(["told", "lost"]);
      expect(seen).toEqual([0, 0]);
      await consumer.stop(5_000);
    });

    it("follow an expression to topics that come later without giving anything up", async () => {
      const prefix = uniqueName("expr");
      await bench.admin().createTopics([topicSpec(`${prefix}-a`, 2)]);
      await fillKeyed(bench, `${prefix}-a`, 0, 5, 5);
      const seen: string[] = [];
      const revoked: string[] = [];
      const groupId = uniqueName("g");
      const consumer = await start(prefix, {
        groupId,
        topics: [new RegExp(`^${prefix}-`)],
        topicRefreshMs: 10,
        handler: (record) => void seen.push(record.topic),
        onRevoked: (partitions) => void revoked.push(...partitions.map(partitionName)),
      });
      await until("the first topic", () => seen.length === 5);
      await bench.admin().createTopics([topicSpec(`${prefix}-b`, 2)]);
      await fillKeyed(bench, `${prefix}-b`, 0, 5, 5);
      await until("the second topic", () => seen.filter((topic) => topic === `${prefix}-b`).length === 5);
      expect(revoked).toEqual([]);
      await consumer.stop(5_000);
    });
  });

  describe("a group of the consumer protocol", () => {
    it("goes on with a topic that has grown, and with its retries", async () => {
      const topic = await keyedTopic(bench, 2, 0, 1);
      const seen: number[] = [];
      const consumer = await consume(bench, topic, {
        groupProtocol: "consumer",
        handler(record, { attempt }) {
          if (attempt === 1) throw new Error("not yet");
          seen.push(record.partition);
        },
      });
      await until("assigned", () => consumer.assignment().length === 6);
      await bench.admin().growTopic(topic, 5);
      const producer = await createProducer(bench.connection());
      for (let partition = 0; partition < 5; partition++)
        await producer.send({ topic, partition, key: bytes(`k${partition}`), value: bytes("0") });
      await producer.close();
      await until("all by way of the retry topics", () => seen.length === 5, 30_000);
      expect(consumer.assignment()).toHaveLength(15);
      await consumer.stop(5_000);
    });

    it("waits for a static member of the same name to be gone", async () => {
      const topic = await keyedTopic(bench, 2, 0, 1);
      const settings = {
        groupId: uniqueName("g"),
        groupProtocol: "consumer",
        groupInstanceId: "one",
        handler: () => {},
      } as const;
      const first = await consume(bench, topic, settings);
      await until("assigned", () => first.assignment().length === 6);
      const second = await consume(bench, topic, settings);
      expect(second.assignment()).toEqual([]);
      await first.stop(5_000);
      await until("taken over", () => second.assignment().length === 6);
      await second.stop(5_000);
    });
  });

  it("refuses a member whose assignor the group does not have", async () => {
    const topic = await keyedTopic(bench, 1, 0, 1);
    const groupId = uniqueName("g");
    const range = await consume(bench, topic, { groupId, handler: () => {} });
    await until("assigned", () => range.assignment().length > 0);
    const other = await consume(bench, topic, {
      groupId,
      assignor: "cooperative-sticky",
      handler: () => {},
    });
    await expect(other.done).rejects.toMatchObject({
      code: "KAFKA_REFUSED",
      advice: expect.stringContaining("cooperative-sticky"),
    });
    await range.stop(5_000);
  });
}

/** So many rounds behind the others a partition counts as stopped. */
const STOPPED_ROUNDS = 20;

/** Writes to every partition, round by round, until some are read no more. Resolves with these. */
async function feedUntilSomeStop(
  producer: Producer,
  topic: string,
  rounds: readonly number[],
): Promise<number[]> {
  const behind = (round: number): number[] =>
    rounds.flatMap((last, partition) => (last < round - STOPPED_ROUNDS ? [partition] : []));
  for (let round = 0; ; round++) {
    for (const partition of rounds.keys())
      await producer.send({ topic, partition, key: bytes("moves"), value: bytes(String(round)) });
    // Those that stay must have done the round, or the wait for them fails.
    const isDone = (): boolean => {
      const going = rounds.filter((last) => last >= round).length;
      return going === rounds.length - behind(round).length || going >= rounds.length / 2;
    };
    await until(`round ${round}`, isDone);
    if (behind(round).length >= rounds.length / 2) return behind(round);
  }
}

/** Takes all members out of a group, as an administrator may. */
async function putOut(bench: Bench, groupId: string): Promise<void> {
  const detail = await bench.admin().describeGroup(groupId);
  const members = detail.members.map(({ memberId }) => ({ memberId }));
  expect(members).toHaveLength(1);
  const admin = new OtherAdmin({ clientId: "other", bootstrapBrokers: [...bench.cluster().brokers] });
  try {
    await admin.removeMembersFromConsumerGroup({ groupId, members });
  } finally {
    await admin.close();
  }
}
