import { setTimeout as pause } from "node:timers/promises";
import { startConsumer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { GROUP_WAYS, type GroupWay } from "../../chaos/delivery/group-way.ts";

/** What a member is told. */
export interface RebalanceSetting {
  readonly port: number;
  readonly groupId: string;
  readonly topic: string;
  readonly group: GroupWay;
}

/** A record that was finished: its partition, its offset, its key and when, milliseconds since the epoch. */
export type Finished = readonly [partition: number, offset: number, key: string, atMs: number];

/** What a member tells. */
export interface MemberReport {
  /** How many partitions of the topic it has; null where that did not change. */
  readonly assigned: number | null;
  readonly finished: readonly Finished[];
}

const HANDLER_MS = 1;
const REPORT_EVERY_MS = 20;

/** A member of the group in a process of its own: reports what it finished. */
const setting = JSON.parse(process.argv[2] ?? "{}") as RebalanceSetting;
let finished: Finished[] = [];

const report = (assigned: number | null = null): Promise<void> => {
  const told: MemberReport = { assigned, finished };
  finished = [];
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(told, () => resolve());
  });
};

const consumer = await startConsumer(
  { brokers: [`127.0.0.1:${setting.port}`], clientId: "member", logger: silentLogger },
  {
    groupId: setting.groupId,
    topics: [setting.topic],
    ...GROUP_WAYS[setting.group],
    async handler({ partition, offset, key }) {
      await pause(HANDLER_MS);
      finished.push([partition, Number(offset), String(key), Date.now()]);
    },
    onAssigned: () => void report(assigned()),
    onRevoked: () => void report(assigned()),
  },
);
const assigned = (): number => consumer.assignment().filter(({ topic }) => topic === setting.topic).length;
setInterval(() => void report(), REPORT_EVERY_MS);
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", async () => {
  await consumer.stop(10_000);
  await report(0);
  process.exit(0);
});
consumer.done.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
