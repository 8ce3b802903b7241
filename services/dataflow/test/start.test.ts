import { startBroker } from "@candlewick/broker";
import { Registry, silentLogger } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataflowSchema, startDataflow } from "../src/index.ts";
import { watchLag } from "../src/lag.ts";
import { dataflowMetrics } from "../src/metrics.ts";

const nowhere = {
  offsets: () => Promise.reject(new Error("not to be asked")),
  checkpoint: () => Promise.reject(new Error("not to be asked")),
};

describe("a start", () => {
  let broker: Awaited<ReturnType<typeof startBroker>>;

  beforeAll(async () => {
    broker = await startBroker({ autoCreateTopics: false });
  });

  afterAll(() => broker.stop());

  it.each([
    ["no broker", () => "127.0.0.1:1", "KAFKA_UNREACHABLE"],
    ["no topics", () => broker.address, "UNKNOWN_TOPIC"],
  ])("says what is missing: %s", async (_name, address, code) => {
    const start = startDataflow(dataflowSchema.parse({}), {
      ...{ chain: "solana", store: nowhere, logger: silentLogger, metrics: new Registry() },
      kafka: { brokers: [address()], clientId: "test", logger: silentLogger },
    });
    await expect(start).rejects.toMatchObject({ code });
  });
});

describe("the configuration", () => {
  it.each([
    [{ intervals: ["1m", "7x"] }, "write a count and s, m, h, d or w"],
    [{ intervals: ["1m", "1m"] }, "name each interval once"],
    [{ intervals: [] }, ">=1"],
    [{ grup: "a" }, "grup"],
  ])("%j is refused", (config, problem) => {
    const result = dataflowSchema.safeParse(config);
    expect(result.error?.message).toContain(problem);
  });
});

describe("the lag", () => {
  it("is asked for again and again, forgets partitions that left, and survives a broker that is away", async () => {
    const registry = new Registry();
    const { lagRecords } = dataflowMetrics(registry);
    const stop = new AbortController();
    const answers = [new Map([["t:0", 3n]]), new Error("away"), new Map([["t:1", 0n]])];
    const seen: unknown[] = [];
    const clock = {
      now: () => 0,
      monotonic: () => 0,
      async delay() {
        seen.push((await lagRecords.get()).values.map(({ labels, value }) => ({ ...labels, value })));
        if (seen.length === answers.length) stop.abort();
      },
    };
    const consumer = {
      async lag() {
        const answer = answers[seen.length] ?? new Error("no more");
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    await watchLag(consumer, lagRecords, { clock, logger: silentLogger }, stop.signal);
    const first = { topic: "t", partition: 0, value: 3 };
    expect(seen).toEqual([[first], [first], [{ topic: "t", partition: 1, value: 0 }]]);
  });
});
