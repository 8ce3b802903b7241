import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ASSIGNORS, type Subscriber } from "../src/groups/assignor.ts";
import { type ConsumerGroup, consumerGroupState, type GroupTopic } from "../src/groups/consumer-group.ts";
import { type ConsumerHeartbeat, consumerHeartbeat } from "../src/groups/consumer-heartbeat.ts";
import { classicJoin, classicMember, isOnlyClassic, mustRejoin } from "../src/groups/mixed-group.ts";
import {
  heldPartitionsOf,
  type PartitionMap,
  partitionKey,
  partitionsOf,
} from "../src/groups/partition-map.ts";
import { consumerGroupChanges, restoredConsumerGroups } from "../src/groups/saved-consumer-group.ts";
import { type GroupRules, removeMember } from "../src/groups/target-assignment.ts";

import { subscriptionBytes } from "./consumer-subscription.ts";

const TOPICS = ["t0", "t1", "t2"];
const NAMES = ["a", "b", "c", "d", "e"];
/** Members that speak the classic protocol: one gives up everything before it joins again, one only what it must. */
const CLASSIC = ["eager", "cooperative"];
const EVERYBODY = [...NAMES, ...CLASSIC];

/** A client as it should be: it gives up what it is told to, in its own time, and takes what it is given. */
interface Client {
  epoch: number;
  owned: Set<string>;
  /** What it is to own by the last answer that it has seen. */
  told: Set<string>;
  topics: readonly string[];
  instanceId: string | null;
}

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("join" as const), who: who(), topics: topics() }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("beat" as const), who: who(), isLost: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("obey" as const), who: who() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), who: who() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), who: who() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("subscribe" as const), who: who(), topics: topics() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("grow" as const), topic: fc.constantFrom(...TOPICS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("recreate" as const), topic: fc.constantFrom(...TOPICS) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function who() {
  return fc.constantFrom(...EVERYBODY);
}
function topics() {
  return fc.subarray(TOPICS);
}

class World {
  group: ConsumerGroup | undefined;
  readonly clients = new Map<string, Client>();
  readonly #topics = new Map<string, { id: string; name: string; partitions: { length: number } }>();
  readonly #assignor: string;
  #ids = 0;

  constructor(assignor: string) {
    this.#assignor = assignor;
    for (const [index, name] of TOPICS.entries()) this.#create(name, index + 2);
  }

  #create(name: string, length: number): void {
    this.#topics.set(name, { id: `id-${this.#ids++}`, name, partitions: { length } });
  }

  get rules(): GroupRules {
    const all = (): GroupTopic[] => [...this.#topics.values()];
    return {
      topics: {
        get: (name) => this.#topics.get(name),
        getById: (id) => all().find((topic) => topic.id === id),
        all,
      },
      matching: () => [],
      defaultAssignor: this.#assignor,
      maxMembers: EVERYBODY.length,
      haveTopicsChanged: true,
    };
  }

  run(step: Command): void {
    switch (step.kind) {
      case "join":
        this.#join(step.who, step.topics);
        break;
      case "beat":
        this.#beat(step.who, step.isLost);
        break;
      case "obey":
        this.#obey(step.who);
        break;
      case "leave":
        this.#leave(step.who);
        break;
      case "crash":
        // Its session runs out: the group forgets it, and by then so has it.
        this.clients.delete(step.who);
        this.#forget(step.who);
        this.#downgrade();
        break;
      case "subscribe":
        this.#subscribe(step.who, step.topics);
        break;
      case "grow": {
        const topic = this.#topics.get(step.topic);
        if (topic !== undefined && topic.partitions.length < 8) topic.partitions.length++;
        break;
      }
      case "recreate":
        this.#create(step.topic, 3);
        break;
      case "restart":
        this.#restart();
        break;
    }
  }

  #forget(name: string): void {
    if (this.group !== undefined) this.group = removeMember(this.group, name, this.rules);
  }

  #send(name: string, client: Client, fields: Partial<ConsumerHeartbeat>, isLost = false): void {
    const beat: ConsumerHeartbeat = {
      memberId: name,
      memberEpoch: client.epoch,
      instanceId: client.instanceId,
      owned: named(client.owned),
      rackId: null,
      rebalanceTimeoutMs: -1,
      topicNames: null,
      topicPattern: null,
      assignor: null,
      clientId: name,
      clientHost: "/h",
      user: "u",
      ...fields,
    };
    const result = consumerHeartbeat(this.group, "g", beat, this.rules);
    if (result.kind === "refused") {
      // Fenced: it gives up everything and begins anew.
      Object.assign(client, { epoch: 0, owned: new Set(), told: new Set() });
      return;
    }
    this.group = result.group;
    if (result.kind === "left" || isLost) return;
    client.epoch = result.member.epoch;
    if (result.assignment === null) return;
    client.told = new Set([...partitionsOf(result.assignment)].map(([id, index]) => partitionKey(id, index)));
    // It may take at once what it is given; what it must give up takes its time.
    for (const key of client.told) client.owned.add(key);
  }

  /** A JoinGroup and the SyncGroup after it. */
  #classicJoin(name: string, client: Client): void {
    if (this.group === undefined) return;
    if (name === "eager") client.owned.clear();
    const owned = named(client.owned).flatMap(({ topicId, partitions }) => {
      const topic = this.rules.topics.getById(topicId)?.name;
      return topic === undefined ? [] : [{ topic, partitions }];
    });
    const result = classicJoin(
      this.group,
      {
        groupId: "g",
        memberId: name,
        groupInstanceId: null,
        clientId: name,
        clientHost: "/h",
        connection: client,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 1000,
        protocolType: "consumer",
        protocols: [{ name: "p", metadata: subscriptionBytes(client.topics, owned) }],
        requireKnownMemberId: true,
        supportsSkippingAssignment: true,
      },
      this.rules,
    );
    if (result.kind === "refused") throw new Error(`a classic member is refused: ${result.errorCode}`);
    this.group = result.group;
    client.epoch = result.member.epoch;
    client.told = new Set();
    for (const [id, index] of heldPartitionsOf(result.member.assigned))
      client.told.add(partitionKey(id, index));
    client.owned = new Set(client.told);
    this.#downgrade();
  }

  /** Where only classic members are left they go on under the classic protocol, and this world has no group. */
  #downgrade(): void {
    if (this.group === undefined || !isOnlyClassic(this.group)) return;
    this.group = undefined;
    for (const name of CLASSIC) this.clients.delete(name);
  }

  #classicBeat(name: string, client: Client): void {
    if (this.group === undefined) return;
    const claim = { memberId: name, groupInstanceId: null, generationId: client.epoch };
    const member = classicMember(this.group, claim);
    if (typeof member === "number") Object.assign(client, { epoch: 0, owned: new Set(), told: new Set() });
    if (typeof member === "number" || mustRejoin(this.group, member)) this.#classicJoin(name, client);
  }

  #join(name: string, wanted: readonly string[]): void {
    if (this.clients.has(name)) return;
    if (CLASSIC.includes(name)) {
      if (this.group === undefined || this.group.members.size === 0) return;
      const client = { epoch: 0, owned: new Set<string>(), told: new Set<string>(), topics: wanted };
      this.clients.set(name, { ...client, instanceId: null });
      this.#classicJoin(name, this.clients.get(name) ?? { ...client, instanceId: null });
      return;
    }
    const client: Client = { epoch: 0, owned: new Set(), told: new Set(), topics: wanted, instanceId: null };
    this.clients.set(name, client);
    this.#send(name, client, { rebalanceTimeoutMs: 1000, topicNames: wanted });
  }

  #beat(name: string, isLost: boolean): void {
    const client = this.clients.get(name);
    if (client === undefined) return;
    if (CLASSIC.includes(name)) {
      this.#classicBeat(name, client);
      return;
    }
    // After an answer that did not come, and when it joins again, everything is told.
    const isWhole = !isLost || client.epoch === 0;
    this.#send(name, client, isWhole ? { rebalanceTimeoutMs: 1000, topicNames: client.topics } : {}, isLost);
  }

  #obey(name: string): void {
    const client = this.clients.get(name);
    if (client !== undefined) client.owned = new Set(client.told);
  }

  #leave(name: string): void {
    const client = this.clients.get(name);
    if (client === undefined) return;
    if (CLASSIC.includes(name)) this.#forget(name);
    else this.#send(name, client, { memberEpoch: -1 });
    this.clients.delete(name);
    this.#downgrade();
  }

  #subscribe(name: string, wanted: readonly string[]): void {
    const client = this.clients.get(name);
    if (client === undefined) return;
    client.topics = wanted;
    if (CLASSIC.includes(name)) this.#classicJoin(name, client);
    else this.#send(name, client, { rebalanceTimeoutMs: 1000, topicNames: wanted });
  }

  /** What comes back from the journal is what was there. */
  #restart(): void {
    if (this.group === undefined) return;
    const entries = JSON.parse(JSON.stringify(consumerGroupChanges(undefined, this.group, 7)));
    const [restored] = restoredConsumerGroups(entries);
    expect(restored).toEqual({ group: this.group, emptySinceMs: 7 });
    this.group = restored?.group;
  }

  /** No partition is with two clients, and the group knows of everything that any client has. */
  check(): void {
    const owners = new Map<string, string>();
    for (const [name, { owned }] of this.clients) {
      for (const key of owned) {
        expect(owners.get(key), `${key} is with ${name} as well`).toBeUndefined();
        owners.set(key, name);
      }
    }
    const held = new Map<string, string>();
    for (const member of this.group?.members.values() ?? []) {
      for (const holdings of [member.assigned, member.revoking]) {
        for (const [topicId, partition] of heldPartitionsOf(holdings)) {
          const key = partitionKey(topicId, partition);
          expect(held.get(key), `${key} is given to ${member.id} as well`).toBeUndefined();
          held.set(key, member.id);
        }
      }
    }
  }

  /** Lets everybody do what they are told until nothing changes any more. */
  settle(): void {
    for (let round = 0; round < 20; round++) {
      for (const name of EVERYBODY) {
        this.#beat(name, false);
        this.check();
        this.#obey(name);
      }
    }
  }

  checkSettled(): void {
    if (this.group === undefined) return;
    expect(consumerGroupState(this.group)).toBe(this.clients.size === 0 ? "Empty" : "Stable");
    const given = new Set([...this.clients.values()].flatMap(({ owned }) => [...owned]));
    const wanted = new Set<string>();
    for (const { topics: names } of this.clients.values()) {
      for (const name of names) {
        const topic = this.#topics.get(name);
        const count = topic?.partitions.length ?? 0;
        for (let index = 0; index < count; index++) wanted.add(partitionKey(topic?.id ?? "", index));
      }
    }
    expect([...given].sort()).toEqual([...wanted].sort());
  }
}

function named(owned: ReadonlySet<string>): { topicId: string; partitions: number[] }[] {
  return [...owned].map((key) => {
    const [topicId = "", partition = ""] = key.split(" ");
    return { topicId, partitions: [Number(partition)] };
  });
}

describe.each([...ASSIGNORS.keys()])("a group with the assignor %s", (assignor) => {
  test("never gives a partition to two members, and comes to a complete assignment", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const world = new World(assignor);
        for (const step of commands) {
          world.run(step);
          world.check();
        }
        world.settle();
        world.checkSettled();
      }),
      { numRuns: Number(process.env.CANDLEWICK_GROUP_RUNS ?? 300) },
    );
  });
});

describe("uniform", () => {
  const uniform = ASSIGNORS.get("uniform") ?? (() => new Map());
  const shape = fc.record({
    topics: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }),
    members: fc.array(fc.array(fc.nat(4), { maxLength: 5 }), { minLength: 1, maxLength: 7 }),
  });

  function subscribers(
    members: readonly (readonly number[])[],
    former: ReadonlyMap<string, PartitionMap>,
    count: number,
  ): Subscriber[] {
    return members.map((wanted, index) => ({
      id: `m${index}`,
      instanceId: null,
      topics: new Set(wanted.filter((topic) => topic < count).map((topic) => `t${topic}`)),
      former: former.get(`m${index}`) ?? new Map(),
    }));
  }

  const size = (map: PartitionMap | undefined): number => [...partitionsOf(map ?? new Map())].length;

  test("nobody who may read a partition has two fewer than its owner, and each has one owner", () => {
    fc.assert(
      fc.property(shape, ({ topics: counts, members }) => {
        const all = new Map(counts.map((count, index) => [`t${index}`, count]));
        const readers = subscribers(members, new Map(), counts.length);
        const found = uniform(readers, all);
        const seen = new Set<string>();
        for (const { id, topics: read } of readers) {
          for (const [topicId, partition] of partitionsOf(found.get(id) ?? new Map())) {
            expect(read.has(topicId)).toBe(true);
            const key = partitionKey(topicId, partition);
            expect(seen.has(key)).toBe(false);
            seen.add(key);
            for (const other of readers) {
              if (!other.topics.has(topicId)) continue;
              expect(size(found.get(other.id))).toBeGreaterThan(size(found.get(id)) - 2);
            }
          }
        }
        const isRead = (topicId: string): boolean => readers.some(({ topics: read }) => read.has(topicId));
        const wanted = [...all].reduce((sum, [id, count]) => sum + (isRead(id) ? count : 0), 0);
        expect(seen.size).toBe(wanted);
      }),
    );
  });

  test("leaves everything where it is when nothing has changed, and moves no more than it must", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (count, members) => {
        const all = new Map([["t0", count]]);
        const read = (number: number, former: ReadonlyMap<string, PartitionMap>) =>
          subscribers(
            Array.from({ length: number }, () => [0]),
            former,
            1,
          );
        const before = uniform(read(members, new Map()), all);
        expect(uniform(read(members, before), all)).toEqual(before);
        const after = uniform(read(members + 1, before), all);
        let moved = 0;
        for (const [id, map] of before) {
          const kept = new Set([...partitionsOf(after.get(id) ?? new Map())].map(([, index]) => index));
          for (const [, index] of partitionsOf(map)) if (!kept.has(index)) moved++;
        }
        expect(moved).toBe(Math.floor(count / (members + 1)));
      }),
    );
  });
});
