import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Operation, PatternType, Permission, ResourceType } from "../src/auth/acl.ts";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { consumerGroupHeartbeat } from "../src/protocol/messages/consumer-group-heartbeat.ts";
import { createAcls } from "../src/protocol/messages/create-acls.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteAcls } from "../src/protocol/messages/delete-acls.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { joinGroup } from "../src/protocol/messages/join-group.ts";
import { leaveGroup } from "../src/protocol/messages/leave-group.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { subscriptionBytes } from "./consumer-subscription.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";
import { SmallDisk } from "./small-disk.ts";

const KAFKA_STORAGE_ERROR = 56;
const COORDINATOR_NOT_AVAILABLE = 15;
const INVALID_REQUEST = 42;

let disk: SmallDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;
let lines: LogLine[];

beforeEach(async () => {
  disk = new SmallDisk();
  clock = new ManualClock();
  lines = [];
  broker = await start();
  client = await RawClient.connect(broker.port);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

function start(): Promise<Broker> {
  return startBroker({
    disk,
    acls: { allowEveryoneIfNoAclFound: true },
    clock,
    log: (line) => lines.push(line),
    topicDefaults: { "retention.ms": "-1" },
  });
}

async function send(value: string): Promise<number | undefined> {
  const topicData = [{ name: "t", partitionData: [{ index: 0, records: clientBatch({ values: [value] }) }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return answer.responses[0]?.partitionResponses[0]?.errorCode;
}

async function commit(committedOffset: number): Promise<number | undefined> {
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset }] }];
  const answer = await client.send(offsetCommit, 8, { groupId: "g", memberId: "", topics });
  return answer.topics[0]?.partitions[0]?.errorCode;
}

async function stored(): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const answer = await client.send(fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: "t", partitions }],
  });
  return valuesIn(answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).map(({ value }) => value);
}

const failures = () => lines.filter(({ level }) => level === "error" || level === "warn");

test("a full disk is told of once, loses nothing, and is over when there is space again", async () => {
  expect(await send("before")).toBe(0);
  disk.isFull = true;
  for (let n = 0; n < 20; n++) expect(await send(`lost ${n}`)).toBe(KAFKA_STORAGE_ERROR);
  expect(await commit(1)).not.toBe(0);
  expect(await stored()).toEqual(["before"]);
  expect(failures().length).toBe(1);
  expect(failures()[0]).toMatchObject({ level: "error", reason: expect.stringContaining("ENOSPC") });
  disk.isFull = false;
  expect(await send("after")).toBe(0);
  expect(await commit(2)).toBe(0);
  expect(await stored()).toEqual(["before", "after"]);
  clock.advance(10_000);
  expect(lines.at(-1)).toMatchObject({ level: "info", code: "ENOSPC", suppressed: 20 });
  // The next incident is another one.
  disk.isFull = true;
  await send("lost");
  expect(failures().length).toBe(2);
});

test("a broker stops at once on a full disk, says that its next start takes longer, and nothing is lost", async () => {
  expect(await send("a")).toBe(0);
  disk.isFull = true;
  await broker.stop();
  expect(failures()).toMatchObject([{ level: "warn", reason: expect.stringContaining("ENOSPC") }]);
  client.close();
  disk.isFull = false;
  broker = await start();
  client = await RawClient.connect(broker.port);
  expect(await stored()).toEqual(["a"]);
});

describe("a full disk is told in the answer, and the request can be sent again later, in", () => {
  async function joinAsConsumer(): Promise<number> {
    const answer = await client.send(consumerGroupHeartbeat, 1, {
      groupId: "g",
      memberId: "a",
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: ["t"],
      topicPartitions: [],
    });
    return answer.errorCode;
  }

  async function leave(version: number): Promise<number | undefined> {
    const members = [{ memberId: "a", groupInstanceId: null }];
    const answer = await client.send(leaveGroup, version, { groupId: "g", memberId: "a", members });
    return version < 3 ? answer.errorCode : answer.members[0]?.errorCode;
  }

  test.each([0, 4])("LeaveGroup of a consumer group, version %i", async (version) => {
    expect(await joinAsConsumer()).toBe(0);
    disk.isFull = true;
    expect(await leave(version)).toBe(COORDINATOR_NOT_AVAILABLE);
    expect(failures()).toMatchObject([{ level: "error", reason: expect.stringContaining("ENOSPC") }]);
    disk.isFull = false;
    expect(await leave(version)).toBe(0);
  });

  test("JoinGroup into a consumer group that nobody is in", async () => {
    expect(await joinAsConsumer()).toBe(0);
    expect(await leave(4)).toBe(0);
    const join = async () =>
      (
        await client.send(joinGroup, 7, {
          groupId: "g",
          memberId: "",
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 60_000,
          protocolType: "consumer",
          protocols: [{ name: "range", metadata: subscriptionBytes(["t"]) }],
        })
      ).errorCode;
    disk.isFull = true;
    expect(await join()).toBe(COORDINATOR_NOT_AVAILABLE);
    expect(failures()).toMatchObject([{ level: "error", reason: expect.stringContaining("ENOSPC") }]);
    disk.isFull = false;
    const MEMBER_ID_REQUIRED = 79;
    expect(await join()).toBe(MEMBER_ID_REQUIRED);
  });

  test("CreateAcls and DeleteAcls", async () => {
    const entry = {
      resourceType: ResourceType.TOPIC,
      resourceName: "t",
      resourcePatternType: PatternType.LITERAL,
      principal: "User:ada",
      host: "*",
      operation: Operation.READ,
      permissionType: Permission.ALLOW,
    };
    const creations = [entry, { ...entry, operation: 99 }];
    const create = async () =>
      (await client.send(createAcls, 2, { creations })).results.map(({ errorCode }) => errorCode);
    const filter = {
      resourceTypeFilter: ResourceType.TOPIC,
      resourceNameFilter: "t",
      patternTypeFilter: PatternType.LITERAL,
      principalFilter: null,
      hostFilter: null,
      operation: Operation.ANY,
      permissionType: Permission.ANY,
    };
    const remove = async () => {
      const { filterResults } = await client.send(deleteAcls, 2, { filters: [filter] });
      return filterResults.map(({ errorCode, matchingAcls }) => [errorCode, matchingAcls.length]);
    };
    disk.isFull = true;
    expect(await create()).toEqual([KAFKA_STORAGE_ERROR, INVALID_REQUEST]);
    disk.isFull = false;
    // What was refused is not there.
    expect(await remove()).toEqual([[0, 0]]);
    expect(await create()).toEqual([0, INVALID_REQUEST]);
    disk.isFull = true;
    expect(await remove()).toEqual([[KAFKA_STORAGE_ERROR, 0]]);
    disk.isFull = false;
    expect(await remove()).toEqual([[0, 1]]);
    const errors = failures().filter(({ level }) => level === "error");
    expect(errors).toMatchObject([{ level: "error", reason: expect.stringContaining("ENOSPC") }]);
  });
});
