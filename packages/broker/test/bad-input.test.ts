import { afterEach, beforeEach, expect, test } from "vitest";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { addPartitionsToTxn } from "../src/protocol/messages/add-partitions-to-txn.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteTopics } from "../src/protocol/messages/delete-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { heartbeat } from "../src/protocol/messages/heartbeat.ts";
import { listOffsets } from "../src/protocol/messages/list-offsets.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { saslAuthenticate } from "../src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../src/protocol/messages/sasl-handshake.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

let broker: Broker;
let client: RawClient;
let lines: LogLine[];

beforeEach(async () => {
  lines = [];
  broker = await startBroker({ log: (line) => lines.push(line), autoCreateTopics: false });
  client = await RawClient.connect(broker.port);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

const produceTo = (name: string, records: Buffer) =>
  client.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  });
const identity = { producerId: 1, producerEpoch: 0 };
const corrupt = (): Buffer => {
  const batch = clientBatch();
  batch.writeUInt8(1, batch.length - 1);
  return batch;
};
const fetchFrom = (currentLeaderEpoch: number, fetchOffset: number) =>
  client.send(fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [
      { topic: "t", partitions: [{ partition: 0, currentLeaderEpoch, fetchOffset, partitionMaxBytes: 1 }] },
    ],
  });

test.each<[string, string, string, () => Promise<unknown>]>([
  ["an unknown topic", "Produce", "UNKNOWN_TOPIC_OR_PARTITION", () => produceTo("u", clientBatch())],
  [
    "an oversize message",
    "Produce",
    "MESSAGE_TOO_LARGE",
    () => produceTo("t", clientBatch({ values: ["x".repeat(2e6)] })),
  ],
  ["a wrong checksum", "Produce", "CORRUPT_MESSAGE", () => produceTo("t", corrupt())],
  ["a cut batch", "Produce", "INVALID_RECORD", () => produceTo("t", clientBatch().subarray(0, 65))],
  [
    "a sequence with a gap",
    "Produce",
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
    async () => {
      await produceTo("t", clientBatch({ ...identity, sequence: 0 }));
      await produceTo("t", clientBatch({ ...identity, sequence: 7 }));
    },
  ],
  [
    "a stale epoch of a producer",
    "Produce",
    "INVALID_PRODUCER_EPOCH",
    async () => {
      await produceTo("t", clientBatch({ ...identity, producerEpoch: 3, sequence: 0 }));
      await produceTo("t", clientBatch({ ...identity, sequence: 0 }));
    },
  ],
  ["an epoch of the leader that never was", "Fetch", "UNKNOWN_LEADER_EPOCH", () => fetchFrom(9, 0)],
  ["an offset behind the end", "Fetch", "OFFSET_OUT_OF_RANGE", () => fetchFrom(-1, 99)],
  [
    "an unknown partition",
    "ListOffsets",
    "UNKNOWN_TOPIC_OR_PARTITION",
    () =>
      client.send(listOffsets, 6, {
        replicaId: -1,
        topics: [{ name: "t", partitions: [{ partitionIndex: 9, timestamp: -1 }] }],
      }),
  ],
  [
    "an unknown member",
    "Heartbeat",
    "UNKNOWN_MEMBER_ID",
    () => client.send(heartbeat, 3, { groupId: "g", generationId: 1, memberId: "nobody" }),
  ],
  [
    "a commit of an old generation",
    "OffsetCommit",
    "ILLEGAL_GENERATION",
    () =>
      client.send(offsetCommit, 8, {
        groupId: "g",
        generationIdOrMemberEpoch: 4,
        memberId: "nobody",
        topics: [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
      }),
  ],
  [
    "a transaction of nobody",
    "AddPartitionsToTxn",
    "INVALID_PRODUCER_ID_MAPPING",
    () =>
      client.send(addPartitionsToTxn, 3, {
        transactionalId: "x",
        ...identity,
        topics: [{ name: "t", partitions: [0] }],
      }),
  ],
  [
    "a topic that is there",
    "CreateTopics",
    "TOPIC_ALREADY_EXISTS",
    () =>
      client.send(createTopics, 5, {
        topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      }),
  ],
  [
    "a topic that is gone",
    "DeleteTopics",
    "UNKNOWN_TOPIC_OR_PARTITION",
    () => client.send(deleteTopics, 5, { topicNames: ["u"], timeoutMs: 1 }),
  ],
  [
    "a login where nobody asks for one",
    "SaslHandshake",
    "ILLEGAL_SASL_STATE",
    () => client.send(saslHandshake, 1, { mechanism: "PLAIN" }),
  ],
])("%s: Kafka's code, one line however often, and the connection stays", async (_name, api, error, ask) => {
  await ask();
  await ask();
  expect((await client.send(apiVersions, 0, {})).errorCode).toBe(0);
  expect(lines.filter(({ level }) => level !== "info")).toMatchObject([
    { level: "warn", msg: "request refused", api, error, clientId: "raw" },
  ]);
});

test("wrong credentials: Kafka's code, one line, and the others go on", async () => {
  const told: LogLine[] = [];
  const sasl = { mechanisms: ["PLAIN"], users: { ada: "right" } } as const;
  const guarded = await startBroker({ sasl, log: (line) => told.push(line) });
  const stranger = await RawClient.connect(guarded.port);
  await stranger.send(saslHandshake, 1, { mechanism: "PLAIN" });
  const answer = await stranger.send(saslAuthenticate, 1, { authBytes: Buffer.from("\0ada\0wrong") });
  expect(answer.errorCode).toBe(58);
  expect(told).toMatchObject([{ level: "warn", msg: "authentication failed" }]);
  stranger.close();
  const ada = await RawClient.connect(guarded.port);
  await ada.send(saslHandshake, 1, { mechanism: "PLAIN" });
  const login = await ada.send(saslAuthenticate, 1, { authBytes: Buffer.from("\0ada\0right") });
  expect(login.errorCode).toBe(0);
  ada.close();
  await guarded.stop();
});
