import { setImmediate as nextTurn } from "node:timers/promises";
import { startConsumer } from "@candlewick/kafka";
import { Registry, silentLogger } from "@candlewick/runtime";
import type { MemorySetting } from "./memory.ts";

/** A consumer in a process of its own that tells how much memory it takes. */
const setting = JSON.parse(process.argv[2] ?? "{}") as MemorySetting;
const metrics = new Registry();
process.send?.({ rssBytes: process.memoryUsage().rss, windowBytes: 0, handled: 0, finished: 0 });
const consumer = await startConsumer(
  { brokers: [`127.0.0.1:${setting.port}`], clientId: "member", logger: silentLogger },
  {
    groupId: setting.stuck,
    topics: [setting.topic],
    maxInFlightBytes: setting.maxInFlightBytes,
    maxInFlightRecords: setting.maxInFlightRecords,
    metrics,
    retry: { delaysMs: [setting.delayMs] },
    async handler() {
      if (setting.stuck === "handler") await new Promise(() => {});
      await nextTurn();
    },
  },
);
consumer.done.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
process.once("disconnect", () => process.exit(0));
setInterval(async () => {
  const window = await metrics.getSingleMetric("candlewick_consumer_window_bytes")?.get();
  const { rss } = process.memoryUsage();
  const { handled, finished } = consumer.totals();
  process.send?.({ rssBytes: rss, windowBytes: window?.values[0]?.value ?? 0, handled, finished });
}, 200);
