import { expect, test } from "vitest";
import { type Broker, MemoryDisk, startBroker } from "../src/index.ts";
import { alterConfigs } from "../src/protocol/messages/alter-configs.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { describeConfigs } from "../src/protocol/messages/describe-configs.ts";
import { incrementalAlterConfigs } from "../src/protocol/messages/incremental-alter-configs.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

const TOPIC = 2;
const BROKER = 4;
const INVALID_REQUEST = 42;
const MESSAGE_TOO_LARGE = 10;

async function set(client: RawClient, resourceName: string, values: Readonly<Record<string, string | null>>) {
  const configs = Object.entries(values).map(([name, value]) => ({
    name,
    configOperation: value === null ? 1 : 0,
    value,
  }));
  const resources = [{ resourceType: BROKER, resourceName, configs }];
  const answer = await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
  return answer.responses[0];
}

async function describe(
  client: RawClient,
  resourceType: number,
  resourceName: string,
  names: string[] | null,
) {
  const resources = [{ resourceType, resourceName, configurationKeys: names }];
  const body = { resources, includeSynonyms: true, includeDocumentation: true };
  return (await client.send(describeConfigs, 4, body)).results[0]?.configs ?? [];
}

async function withClient(broker: Broker, work: (client: RawClient) => Promise<void>): Promise<void> {
  const client = await RawClient.connect(broker.port);
  await work(client);
  client.close();
}

async function send(client: RawClient, topic: string, bytes: number): Promise<number | undefined> {
  const records = clientBatch({ values: ["x".repeat(bytes)] });
  const partitions = [{ index: 0, records }];
  const body = { acks: -1, timeoutMs: 5000, topicData: [{ name: topic, partitionData: partitions }] };
  return (await client.send(produce, 9, body)).responses[0]?.partitionResponses[0]?.errorCode;
}

test("a broker's own value stands above the cluster's, the cluster's above that of the start", async () => {
  const broker = await startBroker({ topicDefaults: { "retention.ms": "3000000" } });
  await withClient(broker, async (client) => {
    expect(await set(client, "", { "log.retention.ms": "6000000" })).toMatchObject({ errorCode: 0 });
    expect(await set(client, "1", { "log.retention.ms": "5000000" })).toMatchObject({ errorCode: 0 });
    const synonyms = [
      { name: "log.retention.ms", value: "5000000", source: 2 },
      { name: "log.retention.ms", value: "6000000", source: 3 },
      { name: "log.retention.ms", value: "3000000", source: 4 },
      { name: "log.retention.hours", value: "168", source: 5 },
    ];
    const shown = { value: "5000000", configSource: 2, readOnly: false, synonyms };
    expect(await describe(client, BROKER, "1", ["log.retention.ms"])).toMatchObject([shown]);
    expect(await describe(client, BROKER, "", null)).toMatchObject([
      { name: "log.retention.ms", value: "6000000", configSource: 3 },
    ]);
    await client.send(createTopics, 5, {
      topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    });
    expect(await describe(client, TOPIC, "t", ["retention.ms"])).toMatchObject([shown]);
    const nothing = { resources: [{ resourceType: BROKER, resourceName: "1", configs: [] }] };
    await client.send(alterConfigs, 2, { ...nothing, validateOnly: false });
    expect(await describe(client, BROKER, "1", ["log.retention.ms"])).toMatchObject([
      { value: "6000000", configSource: 3 },
    ]);
  });
  await broker.stop();
});

test("what is set is in force at once, after a kill as well, until it is deleted", async () => {
  const disk = new MemoryDisk();
  let broker = await startBroker({ disk });
  await withClient(broker, async (client) => {
    await client.send(createTopics, 5, {
      topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    });
    expect(await send(client, "t", 5000)).toBe(0);
    await set(client, "", { "message.max.bytes": "1000" });
    expect(await send(client, "t", 5000)).toBe(MESSAGE_TOO_LARGE);
  });
  await broker.kill();
  broker = await startBroker({ disk });
  await withClient(broker, async (client) => {
    expect(await send(client, "t", 5000)).toBe(MESSAGE_TOO_LARGE);
    await set(client, "", { "message.max.bytes": null });
    expect(await send(client, "t", 5000)).toBe(0);
  });
  await broker.stop();
});

test("the bound of connections", async () => {
  const broker = await startBroker();
  await withClient(broker, async (client) => {
    await set(client, "1", { "max.connections": "1" });
    const refused = await RawClient.connect(broker.port);
    await refused.closed;
    await set(client, "1", { "max.connections": null, "max.connections.per.ip.overrides": "127.0.0.1:1" });
    const another = await RawClient.connect(broker.port);
    await another.closed;
    await set(client, "1", { "max.connections.per.ip.overrides": null });
    await withClient(broker, async (third) => {
      expect(await describe(third, BROKER, "1", ["max.connections"])).toMatchObject([{ value: "10000" }]);
    });
  });
  await broker.stop();
});

test.each([
  ["1", { "num.partitions": "3" }],
  ["", { "log.retention.hours": "3" }],
  ["1", { "log.retention.ms": "soon" }],
  ["1", { "log.retention.ms": "0" }],
  ["1", { "log.segment.bytes": "1024" }],
  ["", { "log.cleanup.policy": "burn" }],
  ["", { "max.connections": "-1" }],
  ["1", { "max.connections.per.ip.overrides": "nonsense" }],
  ["", { "log.cleaner.backoff.ms": "-1" }],
  ["1", { "log.cleaner.threads": "0" }],
  ["1", { "log.cleaner.threads": "3" }],
  ["", { "log.cleaner.io.max.bytes.per.second": "fast" }],
  ["1", { "log.retention.ms": "5", "num.partitions": "3" }],
  ["9", { "log.retention.ms": "5" }],
  ["one", { "log.retention.ms": "5" }],
])("of %j %j is refused, and nothing of it set", async (name, values) => {
  const broker = await startBroker();
  await withClient(broker, async (client) => {
    expect(await set(client, name, values)).toMatchObject({ errorCode: INVALID_REQUEST });
    const own = (await describe(client, BROKER, "1", null)).filter(({ configSource }) => configSource < 4);
    expect(own).toEqual([]);
  });
  await broker.stop();
});

test("each setting is documented; one that means nothing is kept and its value not told", async () => {
  const lines: unknown[] = [];
  const broker = await startBroker({ log: (line) => lines.push(line) });
  await withClient(broker, async (client) => {
    expect(await set(client, "1", { "no.such.setting": "secret" })).toMatchObject({ errorCode: 0 });
    const all = await describe(client, BROKER, "1", null);
    const texts = all.filter(({ name }) => name !== "no.such.setting").map((one) => one.documentation ?? "");
    expect(texts.every((text) => text !== "")).toBe(true);
    expect(all.find(({ name }) => name === "no.such.setting")).toMatchObject({
      value: null,
      isSensitive: true,
      synonyms: [{ value: null, source: 2 }],
    });
    expect(lines).toMatchObject([{ level: "warn", names: ["no.such.setting"] }]);
  });
  await broker.stop();
});

test("where the broker listens, and what it tells clients of that, is told under Kafka's names", async () => {
  const broker = await startBroker({
    listenerName: "INSIDE",
    advertisedHost: "kafka.example",
    advertisedPort: 9092,
    listeners: [{ protocol: "PLAINTEXT" }, { protocol: "PLAINTEXT", advertisedHost: "::1" }],
  });
  await withClient(broker, async (client) => {
    const [first, second, third] = broker.ports;
    const names = ["listeners", "advertised.listeners", "listener.security.protocol.map"];
    const told = await describe(client, BROKER, "1", names);
    expect(Object.fromEntries(told.map(({ name, value }) => [name, value]))).toEqual({
      listeners: `INSIDE://127.0.0.1:${first},PLAINTEXT://127.0.0.1:${second},PLAINTEXT_2://127.0.0.1:${third}`,
      "advertised.listeners": `INSIDE://kafka.example:9092,PLAINTEXT://127.0.0.1:${second},PLAINTEXT_2://[::1]:${third}`,
      "listener.security.protocol.map": "INSIDE:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_2:PLAINTEXT",
    });
  });
  await broker.stop();
});
