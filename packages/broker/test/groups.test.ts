import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteGroups } from "../src/protocol/messages/delete-groups.ts";
import { describeGroups } from "../src/protocol/messages/describe-groups.ts";
import { heartbeat } from "../src/protocol/messages/heartbeat.ts";
import { joinGroup } from "../src/protocol/messages/join-group.ts";
import { leaveGroup } from "../src/protocol/messages/leave-group.ts";
import { listGroups } from "../src/protocol/messages/list-groups.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { syncGroup } from "../src/protocol/messages/sync-group.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const SESSION_MS = 10_000;
const REBALANCE_MS = 60_000;
const DELAY_MS = 3000;

let disk: MemoryDisk;
let clock: ManualClock;
let broker: Broker;
const clients: RawClient[] = [];

beforeEach(async () => {
  disk = new MemoryDisk();
  clock = new ManualClock();
  broker = await startBroker({ disk, clock });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await broker.stop();
});

/** One member, on a connection of its own so that a waiting join holds up nobody else. */
class TestMember {
  readonly client: RawClient;
  memberId = "";
  generationId = -1;
  instanceId: string | null = null;
  protocols = ["range"];

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async connect(fields: Partial<TestMember> = {}): Promise<TestMember> {
    const client = await RawClient.connect(broker.port);
    clients.push(client);
    return Object.assign(new TestMember(client), fields);
  }

  async join(version = 7) {
    const answer = await this.client.send(joinGroup, version, {
      groupId: "g",
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: "consumer",
      protocols: this.protocols.map((name) => ({ name, metadata: Buffer.from(name) })),
    });
    this.memberId = answer.memberId;
    if (answer.errorCode === 0) this.generationId = answer.generationId;
    return answer;
  }

  async sync(assignments: Record<string, string> = {}) {
    const answer = await this.client.send(syncGroup, 5, {
      groupId: "g",
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: "consumer",
      protocolName: "range",
      assignments: Object.entries(assignments).map(([memberId, text]) => ({
        memberId,
        assignment: Buffer.from(text),
      })),
    });
    return { errorCode: answer.errorCode, assignment: answer.assignment.toString() };
  }

  async beat(): Promise<number> {
    const { memberId, generationId, instanceId: groupInstanceId } = this;
    const body = { groupId: "g", generationId, memberId, groupInstanceId };
    return (await this.client.send(heartbeat, 4, body)).errorCode;
  }

  async leave(): Promise<number | undefined> {
    const members = [{ memberId: this.memberId, groupInstanceId: this.instanceId }];
    return (await this.client.send(leaveGroup, 4, { groupId: "g", members })).members[0]?.errorCode;
  }

  async commit(committedOffset: number, generationId = this.generationId): Promise<number | undefined> {
    const answer = await this.client.send(offsetCommit, 8, {
      groupId: "g",
      generationIdOrMemberEpoch: generationId,
      memberId: this.memberId,
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: "m" }] }],
    });
    return answer.topics[0]?.partitions[0]?.errorCode;
  }

  async state() {
    return (await this.client.send(describeGroups, 5, { groups: ["g"] })).groups[0];
  }
}

/** Resolves when the broker has seen everything that was sent before. */
async function settled(): Promise<void> {
  const observer = await RawClient.connect(broker.port);
  clients.push(observer);
  for (let round = 0; round < 3; round++) await observer.send(listGroups, 4, {});
}

/** A stable group of so many members; the first leads. */
async function stableGroup(count: number): Promise<TestMember[]> {
  const members = await Promise.all(Array.from({ length: count }, () => TestMember.connect()));
  for (const member of members) expect((await member.join()).errorCode).toBe(79);
  const joins = [];
  for (const member of members) {
    joins.push(member.join());
    await settled();
  }
  clock.advance(DELAY_MS);
  clock.advance(DELAY_MS);
  const answers = await Promise.all(joins);
  expect(answers.map(({ errorCode }) => errorCode)).toEqual(members.map(() => 0));
  const [leader, ...others] = members;
  if (leader === undefined) throw new Error("an empty group");
  const plan = Object.fromEntries(members.map((member, index) => [member.memberId, `part ${index}`]));
  const waiting = others.map((member) => member.sync());
  await settled();
  const synced = [await leader.sync(plan), ...(await Promise.all(waiting))];
  expect(synced).toEqual(members.map((_, index) => ({ errorCode: 0, assignment: `part ${index}` })));
  return members;
}

describe("joining", () => {
  test("a new member is told its id first, then the group waits for more members", async () => {
    const [first, second] = await stableGroup(2);
    expect(first?.generationId).toBe(1);
    expect(second?.generationId).toBe(1);
    expect(await first?.state()).toMatchObject({ groupState: "Stable", protocolData: "range" });
    expect(
      (await first?.state())?.members.map(({ memberAssignment }) => memberAssignment.toString()),
    ).toEqual(["part 0", "part 1"]);
  });

  test("without a delay those who come at the same moment make a group, not who has only been told its id", async () => {
    await broker.stop();
    broker = await startBroker({ clock, groupInitialRebalanceDelayMs: 0 });
    const [slow, first, second] = await Promise.all([1, 2, 3].map(() => TestMember.connect()));
    if (slow === undefined || first === undefined || second === undefined) throw new Error("no member");
    for (const member of [slow, first, second]) await member.join();
    const joins = [first.join(), second.join()];
    await settled();
    clock.advance(0);
    expect((await Promise.all(joins)).map(({ generationId }) => generationId)).toEqual([1, 1]);
    const joining = slow.join();
    await settled();
    expect(await first.beat()).toBe(27);
    const again = await Promise.all([joining, first.join(), second.join()]);
    expect(again.map(({ generationId }) => generationId)).toEqual([2, 2, 2]);
  });

  test("old versions join without an id of their own", async () => {
    const member = await TestMember.connect();
    const join = member.join(3);
    await settled();
    clock.advance(DELAY_MS);
    expect(await join).toMatchObject({ errorCode: 0, generationId: 1 });
  });

  test.each([
    ["an unknown id", { memberId: "nobody" }, 25],
    ["no protocol", { protocols: [] }, 23],
    ["no common protocol", { protocols: ["other"] }, 23],
  ])("%s is refused", async (_name, fields, errorCode) => {
    await stableGroup(1);
    expect((await (await TestMember.connect(fields)).join()).errorCode).toBe(errorCode);
  });

  test("the protocol that all support and most want is chosen", async () => {
    const a = await TestMember.connect({ protocols: ["x", "range", "y"] });
    const b = await TestMember.connect({ protocols: ["y", "range"] });
    const c = await TestMember.connect({ protocols: ["range", "y"] });
    const joins = [];
    for (const member of [a, b, c]) {
      joins.push(member.join(3));
      await settled();
    }
    clock.advance(DELAY_MS);
    clock.advance(DELAY_MS);
    expect((await Promise.all(joins)).map(({ protocolName }) => protocolName)).toEqual([
      "range",
      "range",
      "range",
    ]);
  });
});

describe("a rebalance", () => {
  test("begins when a member comes, and everybody is told by the heartbeat", async () => {
    const [first] = await stableGroup(1);
    if (first === undefined) throw new Error("no member");
    const second = await TestMember.connect();
    await second.join();
    const joining = second.join();
    await settled();
    expect(await first.beat()).toBe(27);
    expect((await first.sync()).errorCode).toBe(27);
    const [a, b] = await Promise.all([first.join(), joining]);
    expect([a.generationId, b.generationId]).toEqual([2, 2]);
    expect(a.members.length + b.members.length).toBe(2);
  });

  test("begins when a member leaves; the last one leaves an empty group", async () => {
    const [first, second] = await stableGroup(2);
    expect(await second?.leave()).toBe(0);
    expect(await first?.beat()).toBe(27);
    expect(await first?.join()).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(await first?.leave()).toBe(0);
    expect(await first?.beat()).toBe(25);
    expect(await first?.state()).toMatchObject({ groupState: "Empty", members: [] });
  });

  test("begins when a member falls silent", async () => {
    const [first, second] = await stableGroup(2);
    clock.advance(SESSION_MS - 1);
    expect(await first?.beat()).toBe(0);
    clock.advance(1);
    expect(await first?.beat()).toBe(27);
    expect(await second?.beat()).toBe(25);
  });

  test("goes on without those who do not join again in time", async () => {
    const [first, second] = await stableGroup(2);
    const third = await TestMember.connect();
    await third.join();
    const joins = [third.join()];
    await settled();
    joins.push(first?.join() ?? third.join());
    await settled();
    // The second sends heartbeats but never joins.
    for (let waited = 0; waited < REBALANCE_MS; waited += 5000) {
      await second?.beat();
      clock.advance(5000);
    }
    const answers = await Promise.all(joins);
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
    expect(answers.flatMap(({ members }) => members).length).toBe(2);
    expect(await second?.beat()).toBe(25);
  });

  test("puts out whoever joined but does not come for its assignment", async () => {
    const member = await TestMember.connect();
    const join = member.join(3);
    await settled();
    clock.advance(DELAY_MS);
    await join;
    for (let waited = 0; waited <= REBALANCE_MS; waited += 5000) {
      await member.beat();
      clock.advance(5000);
    }
    expect(await member.beat()).toBe(25);
  });
});

describe("static members", () => {
  test("come back under a new id without a rebalance; the old id is fenced", async () => {
    const first = await TestMember.connect({ instanceId: "i" });
    const join = first.join();
    await settled();
    clock.advance(DELAY_MS);
    expect((await join).errorCode).toBe(0);
    await first.sync({ [first.memberId]: "all" });
    const again = await TestMember.connect({ instanceId: "i" });
    expect(await again.join(9)).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true });
    expect(await again.sync()).toEqual({ errorCode: 0, assignment: "all" });
    expect(await first.beat()).toBe(82);
    expect(await again.beat()).toBe(0);
  });
});

describe("offsets", () => {
  beforeEach(async () => {
    const client = await RawClient.connect(broker.port);
    clients.push(client);
    await client.send(createTopics, 5, {
      topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    });
  });

  async function committed() {
    const client = await RawClient.connect(broker.port);
    clients.push(client);
    const groups = [{ groupId: "g", topics: null }];
    return (await client.send(offsetFetch, 8, { groups })).groups[0]?.topics[0]?.partitions[0];
  }

  test("are taken from members of the present generation only", async () => {
    const [member] = await stableGroup(1);
    const stranger = await TestMember.connect();
    expect(await member?.commit(5)).toBe(0);
    expect(await member?.commit(6, 0)).toBe(22);
    expect(await stranger.commit(7, -1)).toBe(25);
    expect(await committed()).toMatchObject({ committedOffset: 5, metadata: "m", errorCode: 0 });
  });

  test("of a group without members are anybody's to commit", async () => {
    const stranger = await TestMember.connect();
    expect(await stranger.commit(7, -1)).toBe(0);
    expect(await committed()).toMatchObject({ committedOffset: 7 });
    expect(await stranger.state()).toMatchObject({ groupState: "Empty" });
  });

  test("and members outlive a crash of the broker", async () => {
    const [member] = await stableGroup(2);
    await member?.commit(5);
    const { memberId = "", generationId = 0 } = member ?? {};
    broker = await startBroker({ disk, clock });
    expect(await committed()).toMatchObject({ committedOffset: 5 });
    const same = await TestMember.connect({ memberId, generationId });
    expect(await same.beat()).toBe(0);
    expect(await same.sync()).toEqual({ errorCode: 0, assignment: "part 0" });
    expect(await same.commit(6)).toBe(0);
  });

  test("are forgotten when nobody has used the group for the retention time", async () => {
    const [member] = await stableGroup(1);
    await member?.commit(5);
    await member?.leave();
    clock.advance(6 * 86_400_000);
    expect(await committed()).toMatchObject({ committedOffset: 5 });
    clock.advance(2 * 86_400_000);
    expect(await committed()).toBeUndefined();
    expect((await (await TestMember.connect()).state())?.groupState).toBe("Dead");
  });

  test("a group is deleted only when it is empty", async () => {
    const [member] = await stableGroup(1);
    await member?.commit(5);
    const remove = async () =>
      (await member?.client.send(deleteGroups, 2, { groupsNames: ["g"] }))?.results[0];
    expect(await remove()).toMatchObject({ errorCode: 68 });
    await member?.leave();
    expect(await remove()).toMatchObject({ errorCode: 0 });
    expect(await remove()).toMatchObject({ errorCode: 69 });
    expect(await committed()).toBeUndefined();
  });
});
