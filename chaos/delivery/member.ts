import { appendFileSync, writeFileSync } from "node:fs";
import { ContractError } from "@candlewick/contracts";
import { startConsumer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { GROUP_WAYS } from "./group-way.ts";
import { BLOCKED_SESSIONS, type MemberSetting, type Task } from "./task.ts";

/** A member of the group in a process of its own: does the tasks that it reads and writes down which ones. */
const setting = JSON.parse(process.argv[2] ?? "{}") as MemberSetting;

const consumer = await startConsumer(
  { brokers: [`127.0.0.1:${setting.port}`], clientId: "member", logger: silentLogger },
  {
    groupId: setting.groupId,
    topics: [setting.topic],
    ...GROUP_WAYS[setting.group],
    concurrency: 8,
    sessionTimeoutMs: setting.sessionTimeoutMs,
    heartbeatIntervalMs: setting.sessionTimeoutMs / 5,
    rebalanceTimeoutMs: 4_000,
    commit: { intervalMs: 50 },
    retry: { delaysMs: [100, 300], backoffMs: 20, maxBackoffMs: 200 },
    async handler(record, { attempt }) {
      const task = JSON.parse(String(record.value)) as Task;
      if (task.nature === "poison") throw new ContractError("nature", "is poison");
      if (task.nature === "unknown" && attempt <= task.failures) throw new Error("not yet");
      if (task.nature === "blocking" && isFirst(task)) block(setting.sessionTimeoutMs * BLOCKED_SESSIONS);
      if (task.nature === "slow") await new Promise((resolve) => setTimeout(resolve, 50));
      else await new Promise(setImmediate);
      appendFileSync(setting.journal, `${task.id} ${Date.now()}\n`);
    },
  },
);
process.send?.("started");
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => {
  consumer.stop(5_000).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
consumer.done.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});

/** A task blocks the loop once, whoever gets it. */
function isFirst({ id }: Task): boolean {
  try {
    writeFileSync(`${setting.journal}.blocked-${id}`, String(Date.now()), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function block(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
