import { afterEach, expect, test } from "vitest";
import { type Broker, type InterceptedRequest, type Interception, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { heartbeat } from "../src/protocol/messages/heartbeat.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { joinGroup } from "../src/protocol/messages/join-group.ts";
import { listOffsets } from "../src/protocol/messages/list-offsets.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import type { Api } from "../src/protocol/schema.ts";
import { clientBatch } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const clock = new ManualClock();
let broker: Broker;

afterEach(async () => {
  await broker.stop();
});

async function connect(intercept: (request: InterceptedRequest) => Interception): Promise<RawClient> {
  broker = await startBroker({ clock, intercept });
  return RawClient.connect(broker.port);
}

test("an interceptor sees each request and may close the connection instead of serving it", async () => {
  const seen: InterceptedRequest[] = [];
  const client = await connect((request) => {
    seen.push(request);
    return request.apiName === "Metadata" ? "close" : "serve";
  });
  await client.send(apiVersions, 0, {});
  client.post(metadata, 9, { topics: [{ name: "t" }] });
  await client.closed;
  expect(seen).toEqual([
    { apiKey: 18, apiName: "ApiVersions", version: 0, clientId: "raw" },
    { apiKey: 3, apiName: "Metadata", version: 9, clientId: "raw" },
  ]);
});

test("an answer may be lost although the request was served", async () => {
  const client = await connect(({ apiName }) => (apiName === "Metadata" ? "lose-answer" : "serve"));
  client.post(metadata, 9, { topics: [{ name: "t" }] });
  await client.send(apiVersions, 0, {});
  expect(client.order).toEqual([2]);
  client.close();
});

test.each([
  [
    "Produce",
    9,
    produce,
    6,
    {
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: "t", partitionData: [{ index: 0, records: clientBatch() }] }],
    },
  ],
  [
    "Fetch",
    12,
    fetch,
    6,
    {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] }],
    },
  ],
  ["Metadata", 9, metadata, 5, { topics: [{ name: "t" }] }],
  [
    "ListOffsets",
    6,
    listOffsets,
    6,
    { topics: [{ name: "t", partitions: [{ partitionIndex: 0, timestamp: -1 }] }] },
  ],
  [
    "OffsetCommit",
    8,
    offsetCommit,
    16,
    {
      groupId: "g",
      memberId: "",
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
    },
  ],
  [
    "CreateTopics",
    5,
    createTopics,
    41,
    { topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] },
  ],
  ["Heartbeat", 3, heartbeat, 27, { groupId: "g", generationId: 1, memberId: "m" }],
  [
    "JoinGroup",
    7,
    joinGroup,
    15,
    {
      groupId: "g",
      sessionTimeoutMs: 9000,
      rebalanceTimeoutMs: 9000,
      memberId: "",
      protocolType: "consumer",
      protocols: [],
    },
  ],
  ["InitProducerId", 4, initProducerId, 51, { transactionalId: "x", transactionTimeoutMs: 1000 }],
] as const)(
  "%s may be refused with an error code, and is not served",
  async (name, version, api, errorCode, body) => {
    const client = await connect(({ apiName }) => (apiName === name ? { errorCode } : "serve"));
    const answer = await client.send<Api>(api, version, body);
    expect(JSON.stringify(answer)).toMatch(new RegExp(`[eE]rrorCode":${errorCode}\\b`));
    const topics = await client
      .send(metadata, 9, { topics: null, allowAutoTopicCreation: false })
      .catch(() => undefined);
    if (name !== "Metadata") expect(topics?.topics).toEqual([]);
    client.close();
  },
);

test("a request may be held up, and those behind it with it", async () => {
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const client = await connect(({ apiName }) => {
    if (apiName !== "Metadata") return "serve";
    resolve();
    return { delayMs: 1000 };
  });
  const first = client.send(metadata, 9, { topics: [] });
  const second = client.send(apiVersions, 0, {});
  await held;
  expect(client.order).toEqual([]);
  clock.advance(1000);
  await Promise.all([first, second]);
  expect(client.order).toEqual([1, 2]);
  client.close();
});
