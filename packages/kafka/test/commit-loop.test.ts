import { type Broker, type Interception, startBroker } from "@candlewick/broker";
import { type Logger, silentLogger } from "@candlewick/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { createAdmin, createProducer, startConsumer } from "../src/index.ts";
import { bytes, connectionTo, topicSpec, uniqueName, until } from "./test-cluster.ts";

describe("commits", () => {
  let broker: Broker | undefined;
  afterEach(() => broker?.stop());

  it.each<[Interception, number]>([
    ["close", 3],
    ["lose-answer", 2],
  ])("go on after some that failed (%s)", async (fate, failures) => {
    let failing = failures;
    let asked = 0;
    broker = await startBroker({
      autoCreateTopics: false,
      groupInitialRebalanceDelayMs: 0,
      groupMinSessionTimeoutMs: 100,
      intercept({ apiName }) {
        if (apiName !== "OffsetCommit") return "serve";
        asked++;
        return failing-- > 0 ? fate : "serve";
      },
    });
    const warnings: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (text) => void warnings.push(text),
      child: () => logger,
    };
    const connection = { ...connectionTo([broker.address]), logger };
    const admin = await createAdmin(connection);
    const topic = uniqueName("commits");
    await admin.createTopics([topicSpec(topic, 1)]);
    const producer = await createProducer(connection);
    let handled = 0;
    let lost = 0;
    const consumer = await startConsumer(connection, {
      groupId: "g",
      topics: [topic],
      commit: { intervalMs: 10 },
      sessionTimeoutMs: 2_000,
      heartbeatIntervalMs: 200,
      handler: () => void handled++,
      onRevoked(_partitions, how) {
        if (how === "lost") lost++;
      },
    });
    for (let number = 1; failing > -1 || number <= 3; number++) {
      await producer.send({ topic, key: null, value: bytes(String(number)) });
      const before = asked;
      await until("it is handled, and a commit is asked for", () => handled === number && asked > before);
    }
    const end = (await admin.endOffsets([topic])).get(`${topic}:0`);
    const committed = async () => (await admin.committedOffsets("g", [topic])).get(`${topic}:0`);
    const deadline = performance.now() + 20_000;
    while ((await committed()) !== end && performance.now() < deadline) await new Promise(setImmediate);
    // Before it is stopped, which would commit once more.
    expect(await committed()).toBe(end);
    expect(lost).toBe(0);
    // The same trouble is told once, however often a commit meets it.
    expect(warnings.filter((text) => text.startsWith("offsets were not committed"))).toHaveLength(1);
    await consumer.stop(5_000);
    await producer.close();
    await admin.close();
  });
});
