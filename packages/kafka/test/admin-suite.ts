import { randomUUID } from "node:crypto";
import { Consumer, MessagesStreamModes } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { createProducer, startGroupConsumer } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

/** What the admin client promises, whichever Kafka it asks. */
export function adminSuite(bench: Bench): void {
  async function topicOf(partitions: number, config: Record<string, string> = {}): Promise<string> {
    const name = uniqueName("administered");
    await bench.admin().createTopics([topicSpec(name, partitions, config)]);
    return name;
  }

  async function filled(partitions: number, perPartition: number): Promise<string> {
    const topic = await topicOf(partitions);
    const producer = await createProducer(bench.connection());
    const sends = Array.from({ length: partitions * perPartition }, (_, index) =>
      producer.send({
        topic,
        key: null,
        value: bytes(String(index)),
        partition: index % partitions,
        timestampMs: Date.now() - 1_000_000 + Math.floor(index / partitions) * 1_000,
      }),
    );
    await Promise.all(sends);
    await producer.close();
    return topic;
  }

  describe("an admin client on topics", () => {
    it("tells partitions with their leaders and replicas", async () => {
      const topic = await topicOf(2);
      const [detail] = await bench.admin().topicDetails([topic]);
      expect(detail?.name).toBe(topic);
      expect(detail?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
      for (const { leader, replicas, inSync } of detail?.partitions ?? []) {
        expect(leader).not.toBeNull();
        expect([replicas, inSync]).toEqual([[leader], [leader]]);
      }
    });

    it("shows settings and their origin, changes them, and gives them back", async () => {
      const topic = await topicOf(1, { "retention.ms": "1000" });
      const setting = async (name: string) =>
        (await bench.admin().topicSettings([topic])).get(topic)?.find((one) => one.name === name);
      expect(await setting("retention.ms")).toMatchObject({ value: "1000", origin: "topic" });
      const changes = { set: { "retention.ms": "2000", "cleanup.policy": "compact" }, reset: [] };
      await bench.admin().changeTopic(topic, changes, { dryRun: true });
      expect(await setting("retention.ms")).toMatchObject({ value: "1000" });
      await bench.admin().changeTopic(topic, changes);
      // A broker hears of it from the controller.
      const soon = { timeout: 30_000 };
      const policy = { value: "compact", origin: "topic" };
      await expect.poll(() => setting("cleanup.policy"), soon).toMatchObject(policy);
      await bench.admin().changeTopic(topic, { set: {}, reset: ["retention.ms"] });
      const back = { value: "604800000", origin: "default" };
      await expect.poll(() => setting("retention.ms"), soon).toMatchObject(back);
    });

    it.each([
      ["an unknown setting", { "no.such.setting": "1" }],
      ["a value of the wrong kind", { "retention.ms": "soon" }],
    ])("says so of %s", async (_what, set) => {
      const topic = await topicOf(1);
      const change = bench.admin().changeTopic(topic, { set, reset: [] });
      await expect(change).rejects.toMatchObject({ code: "BAD_INPUT" });
    });

    it("gives a topic more partitions, never fewer", async () => {
      const topic = await topicOf(2);
      await bench.admin().growTopic(topic, 3);
      const [detail] = await bench.admin().describeTopics([topic]);
      expect(detail?.partitions).toBe(3);
      await expect(bench.admin().growTopic(topic, 2)).rejects.toMatchObject({ code: "BAD_INPUT" });
      await expect(bench.admin().growTopic(uniqueName("nowhere"), 2)).rejects.toMatchObject({
        code: "UNKNOWN_TOPIC",
      });
    });

    it("creates nothing in a dry run, and refuses what the broker refuses", async () => {
      const name = uniqueName("dry");
      const { created } = await bench.admin().createTopics([topicSpec(name, 1)], { dryRun: true });
      expect(created).toEqual([name]);
      expect(await bench.admin().listTopics()).not.toContain(name);
      const bad = bench.admin().createTopics([topicSpec("a bad name", 1)]);
      await expect(bad).rejects.toMatchObject({ code: "KAFKA_REFUSED" });
    });

    it("finds the first record of a time or later", async () => {
      const before = Date.now() - 1_000_000;
      const topic = await filled(2, 5);
      const offsets = async (timestampMs: number) =>
        [...(await bench.admin().offsetsAt([topic], timestampMs)).values()].map(Number);
      expect(await offsets(before - 60_000)).toEqual([0, 0]);
      expect(await offsets(before + 60_000)).toEqual([5, 5]);
      const middle = await offsets(before + 3_500);
      expect(middle.every((offset) => offset > 0 && offset < 5)).toBe(true);
    });
  });

  describe("an admin client on groups", () => {
    it("lists and describes a group with its members, and refuses to move it while it has any", async () => {
      const topic = await filled(3, 4);
      const groupId = uniqueName("watched");
      const seen: bigint[] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        groupId,
        topics: [topic],
        resume: async () => new Map(),
        start: "first",
        maxBatchRecords: 100,
        maxBatchBytes: 1 << 20,
        onBatch: async (records) => void seen.push(...records.map(({ offset }) => offset)),
      });
      await until("all twelve", () => seen.length === 12);
      const listed = (await bench.admin().listGroups()).find((group) => group.groupId === groupId);
      expect(listed).toMatchObject({ type: "classic", state: "Stable" });
      const group = await bench.admin().describeGroup(groupId);
      expect(group).toMatchObject({ groupId, type: "classic", state: "Stable" });
      expect(group.members).toHaveLength(1);
      expect(group.members[0]?.clientId).toBe(bench.connection().clientId);
      expect(group.members[0]?.assignment.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
      const move = bench.admin().setGroupOffsets(groupId, new Map([[`${topic}:0`, 1n]]));
      await expect(move).rejects.toMatchObject({ code: "GROUP_IN_USE" });
      await expect(bench.admin().deleteGroup(groupId)).rejects.toMatchObject({ code: "GROUP_IN_USE" });
      await consumer.stop(10_000);
      expect(await bench.admin().committedOffsets(groupId)).toEqual(
        new Map([0, 1, 2].map((partition) => [`${topic}:${partition}`, 4n])),
      );
      await bench.admin().setGroupOffsets(groupId, new Map([[`${topic}:1`, 2n]]));
      await bench.admin().deleteGroupOffsets(groupId, [`${topic}:2`]);
      expect(await bench.admin().committedOffsets(groupId)).toEqual(
        new Map([
          [`${topic}:0`, 4n],
          [`${topic}:1`, 2n],
        ]),
      );
      expect(await bench.admin().describeGroup(groupId)).toMatchObject({ state: "Empty", members: [] });
      await bench.admin().deleteGroup(groupId);
      await expect(bench.admin().describeGroup(groupId)).rejects.toMatchObject({ code: "BAD_INPUT" });
      await expect(bench.admin().deleteGroup(groupId)).rejects.toMatchObject({ code: "BAD_INPUT" });
    });

    it("describes a group of the new protocol (KIP-848) with its members", { timeout: 60_000 }, async () => {
      const topic = await filled(2, 1);
      const groupId = uniqueName("modern");
      const member = new Consumer({
        clientId: "modern-client",
        groupId,
        bootstrapBrokers: [...bench.connection().brokers],
        groupProtocol: "consumer",
      });
      const stream = await member.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
      stream.resume();
      const both = async (): Promise<boolean> => {
        const { members } = await bench.admin().describeGroup(groupId);
        return members[0]?.assignment.length === 2;
      };
      await expect.poll(both, { timeout: 30_000 }).toBe(true);
      expect(await bench.admin().describeGroup(groupId)).toMatchObject({
        groupId,
        type: "consumer",
        state: "Stable",
        assignor: "uniform",
        members: [{ clientId: "modern-client", target: null }],
      });
      const listed = (await bench.admin().listGroups()).find((group) => group.groupId === groupId);
      expect(listed).toMatchObject({ type: "consumer" });
      const move = bench.admin().setGroupOffsets(groupId, new Map([[`${topic}:0`, 1n]]));
      await expect(move).rejects.toMatchObject({ code: "GROUP_IN_USE" });
      await stream.close();
      await member.close();
      await bench.admin().setGroupOffsets(groupId, new Map([[`${topic}:0`, 1n]]));
      expect((await bench.admin().committedOffsets(groupId)).get(`${topic}:0`)).toBe(1n);
      await bench.admin().deleteGroup(groupId);
    });

    it("has no offsets of a group that nobody has heard of", async () => {
      expect(await bench.admin().committedOffsets(randomUUID())).toEqual(new Map());
    });
  });
}
