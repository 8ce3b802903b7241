import { type Clock, systemClock } from "@candlewick/runtime";
import { Admin as OtherAdmin } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { createProducer, startGroupConsumer, startReader } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { filledTopic, memberOptions, numberOf } from "./consumer-suite.ts";
import { bytes, uniqueName, until } from "./test-cluster.ts";

/** A clock on which half a minute passes in a moment, and shorter times as usual. */
const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 500,
  delay: (ms, signal) => systemClock.delay(ms >= 30_000 ? 50 : ms, signal),
};

export function membershipSuite(bench: Bench): void {
  async function otherAdmin<Result>(use: (admin: OtherAdmin) => Promise<Result>): Promise<Result> {
    const admin = new OtherAdmin({ clientId: "other", bootstrapBrokers: [...bench.cluster().brokers] });
    try {
      return await use(admin);
    } finally {
      await admin.close();
    }
  }

  describe("a member that the group goes on without", () => {
    it("tells the batch in hand, does not commit it, and joins again", async () => {
      const topic = await filledTopic(bench, 1, 5);
      const group = uniqueName("g");
      const seen: number[][] = [];
      const events: string[] = [];
      const consumer = await startGroupConsumer(bench.connection(), {
        ...memberOptions(topic, group),
        async onBatch(records, signal) {
          seen.push(records.map(numberOf));
          if (seen.length > 1) return;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          events.push("told");
        },
        onRevoked: () => void events.push("revoked"),
      });
      await until("the batch", () => seen.length === 1);
      await otherAdmin(async (admin) => {
        const described = (await admin.describeGroups({ groups: [group] })).get(group);
        const members = [...(described?.members.keys() ?? [])].map((memberId) => ({ memberId }));
        expect(members).toHaveLength(1);
        await admin.removeMembersFromConsumerGroup({ groupId: group, members });
      });
      await until(
        "the batch again",
        () => seen.flat().length >= 2 * (seen[0]?.length ?? 0) && seen.length > 1,
      );
      expect(events).toEqual(["told", "revoked"]);
      expect(seen[1]?.[0]).toBe(seen[0]?.[0]);
      await consumer.stop(5_000);
    });
  });

  describe("partitions that a topic gets later", () => {
    it("are read by a reader and by a group", async () => {
      const topic = await filledTopic(bench, 1, 1);
      const connection = { ...bench.connection(), clock: hastyClock };
      const groupSaw: number[] = [];
      const readerSaw: number[] = [];
      const consumer = await startGroupConsumer(connection, {
        ...memberOptions(topic, uniqueName("g")),
        onBatch: async (records) => void groupSaw.push(...records.map(numberOf)),
      });
      const reader = await startReader(connection, {
        topics: [topic],
        from: "first",
        onRecords: (records) => void readerSaw.push(...records.map(numberOf)),
      });
      await until("the first record", () => groupSaw.length === 1 && readerSaw.length === 1);
      await otherAdmin((admin) =>
        admin.createPartitions({ topics: [{ name: topic, count: 3 }], validateOnly: false }),
      );
      await until("three partitions", () => consumer.assignment().length === 3);
      const producer = await createProducer(bench.connection());
      for (const partition of [1, 2]) {
        await producer.send({ topic, key: null, value: bytes(String(partition)), partition });
      }
      await until("all records", () => groupSaw.length === 3 && readerSaw.length === 3);
      expect([...readerSaw].sort()).toEqual([0, 1, 2]);
      await producer.close();
      await reader.stop(2_000);
      await consumer.stop(5_000);
    });
  });
}
