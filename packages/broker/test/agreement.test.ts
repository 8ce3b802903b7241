import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createPartitions } from "../src/protocol/messages/create-partitions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteRecords } from "../src/protocol/messages/delete-records.ts";
import { deleteTopics } from "../src/protocol/messages/delete-topics.ts";
import { describeConfigs } from "../src/protocol/messages/describe-configs.ts";
import { describeTopicPartitions } from "../src/protocol/messages/describe-topic-partitions.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { incrementalAlterConfigs } from "../src/protocol/messages/incremental-alter-configs.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { listGroups } from "../src/protocol/messages/list-groups.ts";
import { listOffsets } from "../src/protocol/messages/list-offsets.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

/** Answers in which the broker once differed from Apache Kafka; the conformance suite found them. */
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  broker = await startBroker({ groupInitialRebalanceDelayMs: 0 });
  client = await RawClient.connect(broker.port);
  await create("t");
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

function create(name: string, configs: Readonly<Record<string, string>> = {}) {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: entries };
  return client.send(createTopics, 7, { topics: [topic] });
}

async function write(timestampMs: number): Promise<void> {
  const records = clientBatch({ values: ["a", "b"], timestampMs });
  const topicData = [{ name: "t", partitionData: [{ index: 0, records }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

async function offsetAt(timestamp: number, version = 8) {
  const partitions = [{ partitionIndex: 0, timestamp }];
  const answer = await client.send(listOffsets, version, {
    replicaId: -1,
    topics: [{ name: "t", partitions }],
  });
  return answer.topics[0]?.partitions[0];
}

describe("requests", () => {
  test.each([
    ["rust-client", "1.0.0", 0],
    ["", "", 42],
    ["with blanks", "1", 42],
    ["x", "-1", 42],
  ])(
    "of a client called '%s' %s are answered with %i",
    async (clientSoftwareName, clientSoftwareVersion, code) => {
      const answer = await client.send(apiVersions, 3, { clientSoftwareName, clientSoftwareVersion });
      expect(answer.errorCode).toBe(code);
    },
  );

  test("that name a topic twice are answered once, or refused", async () => {
    const twice = [{ name: "t" }, { name: "t" }];
    expect((await client.send(metadata, 12, { topics: twice })).topics).toHaveLength(1);
    const counts = twice.map((topic) => ({ ...topic, count: 5 }));
    const grown = await client.send(createPartitions, 3, {
      topics: counts,
      timeoutMs: 1,
      validateOnly: false,
    });
    expect(grown.results).toMatchObject([{ name: "t", errorCode: 42 }]);
    const gone = await client.send(deleteTopics, 6, { topics: twice, topicNames: [], timeoutMs: 1 });
    expect(gone.responses).toMatchObject([{ name: "t", errorCode: 42 }]);
    expect((await client.send(metadata, 12, { topics: [{ name: "t" }] })).topics[0]?.partitions).toHaveLength(
      2,
    );
  });

  test("with a cursor that no answer gave are refused", async () => {
    const cursor = { topicName: "s", partitionIndex: 0 };
    const answer = await client.send(describeTopicPartitions, 0, { topics: [{ name: "t" }], cursor });
    expect(answer).toMatchObject({ topics: [{ name: "t", errorCode: 42 }], nextCursor: null });
  });

  test("that ask for half of a producer's identity are refused", async () => {
    const half = { transactionalId: null, transactionTimeoutMs: 0, producerId: 3, producerEpoch: -1 };
    expect((await client.send(initProducerId, 4, half)).errorCode).toBe(42);
  });
});

describe("fetches", () => {
  test("with a topic in pieces are answered with one entry for it", async () => {
    const wanted = (partition: number) => [{ partition, fetchOffset: 0, partitionMaxBytes: 1000 }];
    const topics = [0, 1, 0].map((partition) => ({ topic: "t", partitions: wanted(partition) }));
    const { responses } = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics });
    expect(responses.map(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex))).toEqual(
      [[0, 1]],
    );
  });
});

describe("offsets by time", () => {
  test("begin behind what was deleted", async () => {
    for (const timestampMs of [1000, 2000, 3000]) await write(timestampMs);
    const partitions = [{ partitionIndex: 0, offset: 3 }];
    await client.send(deleteRecords, 2, { topics: [{ name: "t", partitions }], timeoutMs: 1 });
    expect(await offsetAt(0)).toMatchObject({ offset: 3, timestamp: 2000 });
    expect(await offsetAt(2500)).toMatchObject({ offset: 4, timestamp: 3000 });
  });

  test.each([
    [-3, 6, 35],
    [-3, 7, 0],
    [-4, 7, 35],
    [-4, 8, 0],
    [-5, 8, 35],
  ])("have the place %i in version %i with code %i", async (timestamp, version, code) => {
    expect((await offsetAt(timestamp, version))?.errorCode).toBe(code);
  });
});

describe("settings", () => {
  const change = (name: string, configOperation: number, value: string | null) => {
    const resources = [{ resourceType: 2, resourceName: "t", configs: [{ name, configOperation, value }] }];
    return client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
  };

  test("are understood without blanks and capitals, and shown as their type writes them", async () => {
    await create("u", { preallocate: "TRUE", "max.message.bytes": " 100 " });
    const resources = [{ resourceType: 2, resourceName: "u", configurationKeys: ["max.message.bytes"] }];
    const shown = await client.send(describeConfigs, 4, { resources, includeSynonyms: true });
    expect(shown.results[0]?.configs).toMatchObject([
      {
        value: "100",
        synonyms: [
          { name: "max.message.bytes", value: "100" },
          { name: "message.max.bytes", source: 5 },
        ],
      },
    ]);
    const partitionData = [{ index: 0, records: clientBatch({ values: ["x".repeat(200)] }) }];
    const topicData = [{ name: "u", partitionData }];
    const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(10);
  });

  test.each([
    ["no value", "retention.ms", 0, null, 42],
    ["the last policy taken away", "cleanup.policy", 3, "delete", 0],
    ["a list of replicas", "leader.replication.throttled.replicas", 0, "*", 0],
    ["a second storage", "remote.storage.enable", 0, "true", 40],
  ])("%s", async (_name, setting, operation, value, code) => {
    expect((await change(setting, operation, value)).responses[0]?.errorCode).toBe(code);
  });
});

test("a group is there only once a commit was accepted", async () => {
  const commit = (name: string) =>
    client.send(offsetCommit, 8, {
      groupId: "g",
      memberId: "",
      topics: [{ name, partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
    });
  await commit("unknown");
  expect((await client.send(listGroups, 4, { statesFilter: [] })).groups).toEqual([]);
  await commit("t");
  expect((await client.send(listGroups, 4, { statesFilter: [] })).groups).toMatchObject([{ groupId: "g" }]);
});
