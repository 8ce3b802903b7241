import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { addOffsetsToTxn } from "../src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../src/protocol/messages/add-partitions-to-txn.ts";
import { alterUserScramCredentials } from "../src/protocol/messages/alter-user-scram-credentials.ts";
import { consumerGroupHeartbeat } from "../src/protocol/messages/consumer-group-heartbeat.ts";
import { createPartitions } from "../src/protocol/messages/create-partitions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteGroups } from "../src/protocol/messages/delete-groups.ts";
import { deleteTopics } from "../src/protocol/messages/delete-topics.ts";
import { describeConfigs } from "../src/protocol/messages/describe-configs.ts";
import { describeUserScramCredentials } from "../src/protocol/messages/describe-user-scram-credentials.ts";
import { endTxn } from "../src/protocol/messages/end-txn.ts";
import { findCoordinator } from "../src/protocol/messages/find-coordinator.ts";
import { incrementalAlterConfigs } from "../src/protocol/messages/incremental-alter-configs.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { leaveGroup } from "../src/protocol/messages/leave-group.ts";
import { listGroups } from "../src/protocol/messages/list-groups.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { txnOffsetCommit } from "../src/protocol/messages/txn-offset-commit.ts";
import { RawClient } from "./raw-client.ts";
import { SmallDisk } from "./small-disk.ts";

const NONE = 0;
const UNKNOWN_TOPIC = 3;
const COORDINATOR_NOT_AVAILABLE = 15;
const STORAGE_ERROR = 56;
const NOW = { timeoutMs: 1000, validateOnly: false };
const LAYOUT = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };

let disk: SmallDisk;
let broker: Broker;
let client: RawClient;
let lines: LogLine[];
/** A producer with a transaction under way. */
let producer: {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
};

beforeEach(async () => {
  disk = new SmallDisk();
  lines = [];
  broker = await start();
  client = await RawClient.connect(broker.port);
  await client.send(createTopics, 5, { topics: [{ name: "t", ...LAYOUT }] });
  await commit();
  const { producerId, producerEpoch } = await client.send(initProducerId, 4, {
    transactionalId: "tx",
    transactionTimeoutMs: 60_000,
  });
  producer = { transactionalId: "tx", producerId, producerEpoch };
  await client.send(addOffsetsToTxn, 3, { ...producer, groupId: "g" });
});

afterEach(async () => {
  disk.isFull = false;
  client.close();
  await broker.stop();
});

function start(): Promise<Broker> {
  return startBroker({ disk, log: (line) => lines.push(line) });
}

async function restart(): Promise<void> {
  client.close();
  await broker.kill();
  broker = await start();
  client = await RawClient.connect(broker.port);
}

async function commit(): Promise<number | undefined> {
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
  const answer = await client.send(offsetCommit, 8, { groupId: "g", memberId: "", topics });
  return answer.topics[0]?.partitions[0]?.errorCode;
}

async function committed(): Promise<number | undefined> {
  const answer = await client.send(offsetFetch, 7, {
    groupId: "g",
    topics: [{ name: "t", partitionIndexes: [0] }],
  });
  return answer.topics[0]?.partitions[0]?.committedOffset;
}

async function retention(): Promise<string | null | undefined> {
  const resources = [{ resourceType: 2, resourceName: "t", configurationKeys: ["retention.ms"] }];
  return (await client.send(describeConfigs, 4, { resources })).results[0]?.configs[0]?.value;
}

async function users(): Promise<number> {
  return (await client.send(describeUserScramCredentials, 0, { users: null })).results.length;
}

async function partitionsOf(name: string): Promise<number | undefined> {
  const answer = await client.send(metadata, 9, { topics: [{ name }], allowAutoTopicCreation: false });
  return answer.topics[0]?.partitions.length;
}

async function groups(): Promise<string[]> {
  return (await client.send(listGroups, 4, {})).groups.map(({ groupId }) => groupId);
}

interface Change {
  /** Asks for the change and says which error came. */
  readonly ask: () => Promise<number | undefined>;
  readonly refusal: number;
  /** Shows what it is about: the same before it and after it was refused, another one once it was done. */
  readonly look: () => Promise<unknown>;
}

const upsertion = {
  name: "ada",
  mechanism: 1,
  iterations: 4096,
  salt: Buffer.from("s"),
  saltedPassword: Buffer.alloc(32),
};

const changes: Readonly<Record<string, Change>> = {
  CreateTopics: {
    ask: async () =>
      (await client.send(createTopics, 5, { topics: [{ name: "u", ...LAYOUT }] })).topics[0]?.errorCode,
    refusal: STORAGE_ERROR,
    look: () => partitionsOf("u"),
  },
  CreatePartitions: {
    ask: async () =>
      (
        await client.send(createPartitions, 3, {
          ...NOW,
          topics: [{ name: "t", count: 3, assignments: null }],
        })
      ).results[0]?.errorCode,
    refusal: STORAGE_ERROR,
    look: () => partitionsOf("t"),
  },
  DeleteTopics: {
    ask: async () =>
      (await client.send(deleteTopics, 5, { topicNames: ["t"], topics: [], timeoutMs: 1000 })).responses[0]
        ?.errorCode,
    refusal: STORAGE_ERROR,
    look: () => partitionsOf("t"),
  },
  DeleteGroups: {
    ask: async () => (await client.send(deleteGroups, 2, { groupsNames: ["g"] })).results[0]?.errorCode,
    refusal: COORDINATOR_NOT_AVAILABLE,
    look: async () => [await groups(), await committed()],
  },
  OffsetDelete: {
    ask: async () =>
      (
        await client.send(offsetDelete, 0, {
          groupId: "g",
          topics: [{ name: "t", partitions: [{ partitionIndex: 0 }] }],
        })
      ).errorCode,
    refusal: COORDINATOR_NOT_AVAILABLE,
    look: committed,
  },
  AlterUserScramCredentials: {
    ask: async () =>
      (await client.send(alterUserScramCredentials, 0, { deletions: [], upsertions: [upsertion] })).results[0]
        ?.errorCode,
    refusal: STORAGE_ERROR,
    look: users,
  },
  "IncrementalAlterConfigs of a topic": {
    ask: async () => {
      const configs = [{ name: "retention.ms", configOperation: 0, value: "1000" }];
      const resources = [{ resourceType: 2, resourceName: "t", configs }];
      return (await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false })).responses[0]
        ?.errorCode;
    },
    refusal: STORAGE_ERROR,
    look: retention,
  },
  "IncrementalAlterConfigs of the broker": {
    ask: async () => {
      const configs = [{ name: "log.retention.ms", configOperation: 0, value: "2000" }];
      const resources = [{ resourceType: 4, resourceName: "1", configs }];
      return (await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false })).responses[0]
        ?.errorCode;
    },
    refusal: STORAGE_ERROR,
    look: retention,
  },
};

describe("a change that the disk refuses is answered with an error, leaves all as it was, and can be made later", () => {
  test.each(Object.entries(changes))("%s", async (_name, { ask, refusal, look }) => {
    const before = await look();
    disk.isFull = true;
    expect(await ask()).toBe(refusal);
    expect(await look()).toEqual(before);
    disk.isFull = false;
    await restart();
    expect(await look()).toEqual(before);
    expect(await ask()).toBe(NONE);
    const after = await look();
    expect(after).not.toEqual(before);
    await restart();
    expect(await look()).toEqual(after);
  });
});

test("transactions are told that their coordinator is not available, and go on when there is space", async () => {
  const topics = [{ name: "t", partitions: [0] }];
  const offsets = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset: 9 }] }];
  const add = async () =>
    (await client.send(addPartitionsToTxn, 3, { ...producer, topics })).results[0]?.resultsByPartition[0]
      ?.partitionErrorCode;
  // The first group is in: to add it again changes nothing.
  const addGroup = async () =>
    (await client.send(addOffsetsToTxn, 3, { ...producer, groupId: "g2" })).errorCode;
  const commitOffsets = async () =>
    (await client.send(txnOffsetCommit, 3, { ...producer, groupId: "g", memberId: "", topics: offsets }))
      .topics[0]?.partitions[0]?.errorCode;
  const end = async () => (await client.send(endTxn, 3, { ...producer, committed: true })).errorCode;
  disk.isFull = true;
  for (const ask of [add, add, addGroup, addGroup, commitOffsets, end])
    expect(await ask()).toBe(COORDINATOR_NOT_AVAILABLE);
  disk.isFull = false;
  for (const ask of [add, addGroup, commitOffsets, end]) expect(await ask()).toBe(NONE);
  expect(await committed()).toBe(9);
});

test("a topic is deleted though its offsets cannot be written off, and nobody sees them again", async () => {
  disk.isJournalFull = true;
  expect(
    (await client.send(deleteTopics, 5, { topicNames: ["t"], topics: [], timeoutMs: 1000 })).responses[0]
      ?.errorCode,
  ).toBe(NONE);
  expect(await committed()).toBe(-1);
  expect(
    (await client.send(createTopics, 5, { topics: [{ name: "t", ...LAYOUT }] })).topics[0]?.errorCode,
  ).toBe(STORAGE_ERROR);
  disk.isJournalFull = false;
  await restart();
  await client.send(createTopics, 5, { topics: [{ name: "t", ...LAYOUT }] });
  expect(await committed()).toBe(-1);
  await restart();
  expect(await committed()).toBe(-1);
});

test("a coordinator is found on a full disk, though its topic cannot be created", async () => {
  disk.isFull = true;
  const answer = await client.send(findCoordinator, 3, { key: "g" });
  expect(answer.errorCode).toBe(NONE);
  const { topics } = await client.send(metadata, 9, { topics: [{ name: "__consumer_offsets" }] });
  expect(topics[0]?.errorCode).toBe(STORAGE_ERROR);
  disk.isFull = false;
  const later = await client.send(metadata, 9, { topics: [{ name: "__consumer_offsets" }] });
  expect(later.topics[0]?.errorCode).toBe(UNKNOWN_TOPIC);
  expect(await partitionsOf("__consumer_offsets")).toBe(50);
});

test("a member of a consumer group has left when it is told so, whatever the power does", async () => {
  const beat = {
    groupId: "new",
    memberId: "a",
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ["t"],
    topicPartitions: [],
  };
  expect((await client.send(consumerGroupHeartbeat, 1, beat)).errorCode).toBe(NONE);
  const members = [{ memberId: "a", groupInstanceId: null }];
  let isSynced = false;
  disk.onSync = () => {
    isSynced = true;
  };
  const answer = await client.send(leaveGroup, 4, { groupId: "new", members });
  expect(answer.members[0]?.errorCode).toBe(NONE);
  expect(isSynced).toBe(true);
});
