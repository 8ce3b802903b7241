import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { consumerGroupDescribe } from "../src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../src/protocol/messages/consumer-group-heartbeat.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { heartbeat } from "../src/protocol/messages/heartbeat.ts";
import { incrementalAlterConfigs } from "../src/protocol/messages/incremental-alter-configs.ts";
import { joinGroup } from "../src/protocol/messages/join-group.ts";
import { listGroups } from "../src/protocol/messages/list-groups.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { syncGroup } from "../src/protocol/messages/sync-group.ts";
import type { Encodable } from "../src/protocol/schema.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { subscriptionBytes } from "./consumer-subscription.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const SESSION_MS = 45_000;
const REBALANCE_MS = 60_000;

let disk: MemoryDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  disk = new MemoryDisk();
  clock = new ManualClock();
  broker = await startBroker({ disk, clock });
  client = await RawClient.connect(broker.port);
  const topic = { name: "t", numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [topic] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

type Beat = Encodable<(typeof consumerGroupHeartbeat)["request"]>;
type Owned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

class TestMember {
  readonly memberId: string;
  memberEpoch = 0;
  owned: Owned = [];

  constructor(memberId: string) {
    this.memberId = memberId;
  }

  async beat(fields: Partial<Beat> = {}) {
    const answer = await client.send(consumerGroupHeartbeat, 1, {
      groupId: "g",
      memberId: this.memberId,
      memberEpoch: this.memberEpoch,
      rebalanceTimeoutMs: -1,
      topicPartitions: this.owned,
      ...fields,
    });
    if (answer.errorCode === 0) this.memberEpoch = answer.memberEpoch;
    return answer;
  }

  join(fields: Partial<Beat> = {}) {
    this.owned = [];
    const rebalanceTimeoutMs = REBALANCE_MS;
    return this.beat({ memberEpoch: 0, rebalanceTimeoutMs, subscribedTopicNames: ["t"], ...fields });
  }

  /** A heartbeat after which it owns what it is told to. */
  async follow(): Promise<number> {
    const { errorCode, assignment } = await this.beat();
    if (assignment !== null) this.owned = assignment.topicPartitions;
    return errorCode;
  }

  get partitions(): number[] {
    return this.owned.flatMap(({ partitions }) => partitions);
  }
}

async function joined(...names: string[]): Promise<TestMember[]> {
  const members = names.map((name) => new TestMember(name));
  for (const member of members) {
    const { errorCode, assignment } = await member.join();
    expect(errorCode).toBe(0);
    if (assignment !== null) member.owned = assignment.topicPartitions;
    for (let round = 0; round < 2; round++)
      for (const one of members) if (one.memberEpoch > 0) await one.follow();
  }
  return members;
}

async function described() {
  const answer = await client.send(consumerGroupDescribe, 1, {
    groupIds: ["g"],
    includeAuthorizedOperations: false,
  });
  const [group] = answer.groups;
  return { state: group?.groupState, members: group?.members.map(({ memberId }) => memberId) ?? [] };
}

describe("a member", () => {
  test("that falls silent is put out, and its partitions go to the others", async () => {
    const [first, second] = await joined("a", "b");
    expect([first?.partitions, second?.partitions]).toEqual([[0], [1]]);
    clock.advance(SESSION_MS - 1);
    await first?.follow();
    clock.advance(1);
    expect((await described()).members).toEqual(["a"]);
    await first?.follow();
    expect(first?.partitions).toEqual([0, 1]);
    expect((await second?.beat())?.errorCode).toBe(25);
  });

  test("that does not give up what it must is put out after its time-out", async () => {
    const [first] = await joined("a");
    const second = new TestMember("b");
    await second.join();
    const before = first?.owned;
    for (let waited = 0; waited < REBALANCE_MS; waited += 10_000) {
      expect((await first?.beat({ topicPartitions: before ?? [] }))?.errorCode).toBe(0);
      await second.follow();
      expect(second.partitions).toEqual([]);
      clock.advance(10_000);
    }
    clock.advance(10_000);
    expect((await first?.beat())?.errorCode).toBe(25);
    await second.follow();
    expect(second.partitions).toEqual([0, 1]);
  });

  test("that is an instance and away keeps its place for the time of its session", async () => {
    const [first] = await joined("a");
    const instance = new TestMember("b");
    const fields = { instanceId: "i" };
    await instance.join(fields);
    await first?.follow();
    await first?.follow();
    await instance.beat({ ...fields, memberEpoch: -2 });
    await first?.follow();
    expect(first?.partitions).toEqual([0]);
    clock.advance(SESSION_MS - 1);
    await first?.follow();
    clock.advance(1);
    await first?.follow();
    expect(first?.partitions).toEqual([0, 1]);
  });

  test("has the time that its group's settings give it", async () => {
    const configs = [{ name: "consumer.session.timeout.ms", value: "60000", configOperation: 0 }];
    const resources = [{ resourceType: 32, resourceName: "g", configs }];
    await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
    await joined("a");
    clock.advance(59_999);
    expect((await described()).members).toEqual(["a"]);
    clock.advance(1);
    expect((await described()).members).toEqual([]);
  });

  test("goes on after a crash of the broker, in its epoch and with its partitions", async () => {
    const [first, second] = await joined("a", "b");
    client.close();
    broker = await startBroker({ disk, clock });
    client = await RawClient.connect(broker.port);
    expect(await described()).toEqual({ state: "Stable", members: ["a", "b"] });
    expect(await first?.beat()).toMatchObject({
      errorCode: 0,
      memberEpoch: first?.memberEpoch,
      assignment: null,
    });
    expect((await second?.beat())?.errorCode).toBe(0);
    clock.advance(SESSION_MS);
    expect((await described()).members).toEqual([]);
  });
});

describe("a member of the classic protocol in the same group", () => {
  const REJOIN = 27;
  const INVALID_SESSION_TIMEOUT = 26;

  async function classicJoin(
    memberId: string,
    fields: Partial<Encodable<(typeof joinGroup)["request"]>> = {},
  ) {
    const metadata = subscriptionBytes(["t"]);
    const answer = await client.send(joinGroup, 5, {
      groupId: "g",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata }],
      ...fields,
    });
    return answer;
  }

  const beat = async (memberId: string, generationId: number) =>
    (await client.send(heartbeat, 4, { groupId: "g", memberId, generationId })).errorCode;

  test("goes on after a crash, and is put out if it does not join again when it must", async () => {
    await joined("a");
    const { memberId } = await classicJoin("");
    const { errorCode, generationId } = await classicJoin(memberId);
    expect(errorCode).toBe(0);
    client.close();
    broker = await startBroker({ disk, clock });
    client = await RawClient.connect(broker.port);
    expect(await beat(memberId, generationId)).toBe(0);
    const second = new TestMember("b");
    await second.join();
    for (let waited = 0; waited < 20_000; waited += 5000) {
      expect(await beat(memberId, generationId)).toBe(REJOIN);
      clock.advance(5000);
    }
    expect(await beat(memberId, generationId)).toBe(25);
  });

  test.each([1, 5999, 1_800_001])(
    "may not choose a session of %i ms, as in a group of its own",
    async (sessionTimeoutMs) => {
      await joined("a");
      const { memberId } = await classicJoin("");
      for (const name of ["", memberId]) {
        expect((await classicJoin(name, { sessionTimeoutMs })).errorCode).toBe(INVALID_SESSION_TIMEOUT);
      }
      expect((await described()).members).toEqual(["a"]);
    },
  );

  test("is alone in a classic group when the others have gone", async () => {
    const [first] = await joined("a");
    const { memberId } = await classicJoin("");
    const { generationId } = await classicJoin(memberId);
    await first?.beat({ memberEpoch: -1 });
    expect((await described()).state).toBe("");
    expect(await beat(memberId, generationId)).toBe(REJOIN);
    const again = await classicJoin(memberId);
    expect(again).toMatchObject({ errorCode: 0, leader: memberId, generationId: generationId + 1 });
  });
});

describe("a classic group", () => {
  const FENCED_INSTANCE_ID = 82;

  /** Joins the group "g" as the only member, an instance that has a name. */
  async function joinAlone(groupInstanceId: string): Promise<{ memberId: string; generationId: number }> {
    const pending = client.send(joinGroup, 7, {
      groupId: "g",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId: "",
      groupInstanceId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: subscriptionBytes(["t"]) }],
    });
    const { memberId, generationId } = await pending;
    const claim = { groupId: "g", memberId, groupInstanceId, generationId };
    const answer = await client.send(syncGroup, 5, {
      ...claim,
      protocolType: "consumer",
      protocolName: "range",
      assignments: [],
    });
    expect(answer.errorCode).toBe(0);
    return { memberId, generationId };
  }

  async function groupType(): Promise<string | undefined> {
    const { groups } = await client.send(listGroups, 5, { statesFilter: [], typesFilter: [] });
    return groups.find(({ groupId }) => groupId === "g")?.groupType;
  }

  test("goes over with an instance that comes back with the new protocol, which fences its former member", async () => {
    await broker.stop();
    client.close();
    broker = await startBroker({ disk, groupInitialRebalanceDelayMs: 0 });
    client = await RawClient.connect(broker.port);
    const { memberId, generationId } = await joinAlone("i");
    expect((await new TestMember("b").join({ instanceId: "i" })).errorCode).toBe(0);
    expect(await groupType()).toBe("consumer");
    const claim = { groupId: "g", memberId, groupInstanceId: "i", generationId };
    expect((await client.send(heartbeat, 4, claim)).errorCode).toBe(FENCED_INSTANCE_ID);
  });
});

test("a pattern finds the topics that come later", async () => {
  const member = new TestMember("a");
  const pattern = { subscribedTopicNames: null, subscribedTopicRegex: "t.*" };
  const { assignment } = await member.join(pattern);
  member.owned = assignment?.topicPartitions ?? [];
  expect(member.partitions).toEqual([0, 1]);
  const layout = { replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t2", numPartitions: 1, ...layout }] });
  await member.follow();
  expect(member.partitions).toEqual([0, 1, 0]);
});

test("a group that is empty keeps its offsets for the retention time", async () => {
  const [member] = await joined("a");
  const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "" }];
  const topics = [{ name: "t", partitions }];
  const claim = { groupId: "g", memberId: "a", generationIdOrMemberEpoch: member?.memberEpoch ?? 0 };
  await client.send(offsetCommit, 9, { ...claim, topics });
  await member?.beat({ memberEpoch: -1 });
  const committed = async () => {
    const { groups } = await client.send(offsetFetch, 9, { groups: [{ groupId: "g", topics: null }] });
    return groups[0]?.topics[0]?.partitions[0]?.committedOffset;
  };
  clock.advance(6 * 86_400_000);
  expect(await committed()).toBe(7);
  // A broker that is restarted every day forgets as well.
  client.close();
  broker = await startBroker({ disk, clock });
  client = await RawClient.connect(broker.port);
  clock.advance(2 * 86_400_000);
  expect(await committed()).toBeUndefined();
  expect((await client.send(listGroups, 5, {})).groups).toEqual([]);
});
