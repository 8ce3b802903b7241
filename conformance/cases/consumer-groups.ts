import { encodeAssignment } from "../../packages/broker/src/groups/consumer-protocol.ts";
import { consumerGroupDescribe } from "../../packages/broker/src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import { createPartitions } from "../../packages/broker/src/protocol/messages/create-partitions.ts";
import { deleteGroups } from "../../packages/broker/src/protocol/messages/delete-groups.ts";
import { deleteTopics } from "../../packages/broker/src/protocol/messages/delete-topics.ts";
import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { heartbeat } from "../../packages/broker/src/protocol/messages/heartbeat.ts";
import { leaveGroup } from "../../packages/broker/src/protocol/messages/leave-group.ts";
import { listGroups } from "../../packages/broker/src/protocol/messages/list-groups.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../packages/broker/src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { syncGroup } from "../../packages/broker/src/protocol/messages/sync-group.ts";
import { ConsumerMember, createAssignableTopic } from "../consumer-member.ts";
import { Member, stableMember } from "../member.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

function describe(session: Session, groupId: string, step = "described", version = 1) {
  return session.send(
    consumerGroupDescribe,
    version,
    { groupIds: [groupId], includeAuthorizedOperations: false },
    step,
  );
}

async function topicAndMember(session: Session, topic: string, partitions = 3): Promise<ConsumerMember> {
  await createAssignableTopic(session, topic, partitions);
  return new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
}

function commitOf(topic: string, fields: Readonly<Record<string, unknown>>, ...partitions: number[]) {
  const wanted = partitions.map((partitionIndex) => ({
    partitionIndex,
    committedOffset: 5,
    committedMetadata: "m",
  }));
  return { groupId: topic, memberId: "", topics: [{ name: topic, partitions: wanted }], ...fields };
}

export const consumerGroupCases = [
  ...area("consumer groups", {
    "one member's life at both ends": async (session, topic) => {
      await createAssignableTopic(session, topic, 3);
      for (const version of versionEnds(consumerGroupHeartbeat)) {
        const groupId = `${topic}-${version}`;
        const member = new ConsumerMember(session, groupId, { memberId: "a", topics: [topic], version });
        await member.join();
        await describe(session, groupId, `stable ${version}`, version);
        await member.beat();
        await member.beat({ rebalanceTimeoutMs: 60_000, subscribedTopicNames: [topic] }, "tells all");
        await session.send(
          consumerGroupDescribe,
          version,
          { groupIds: [groupId], includeAuthorizedOperations: true },
          `with operations ${version}`,
        );
        await member.beat({ memberEpoch: -1 }, "leaves");
        await describe(session, groupId, `empty ${version}`, version);
        await session.send(deleteGroups, 2, { groupsNames: [groupId] });
        await describe(session, groupId, `deleted ${version}`, version);
      }
    },
    "the broker gives an id": async (session, topic) => {
      const member = await topicAndMember(session, topic);
      const answer = await session.ask(consumerGroupHeartbeat, 0, { ...member.whole, memberId: "" });
      session.note("joined", { ...answer, memberId: answer.memberId?.length });
      await member.join({ memberId: "" }, "not any more");
    },
    "heartbeats that make no sense": async (session, topic) => {
      const member = await topicAndMember(session, topic);
      await member.join({ groupId: "" }, "no group");
      await member.join({ instanceId: "" }, "no instance");
      await member.join({ rackId: "" }, "no rack");
      await member.join({ rebalanceTimeoutMs: -1 }, "no time-out");
      await member.join({ topicPartitions: null }, "partitions unknown");
      await member.join(
        { topicPartitions: [{ topicId: "AAAAAAAAAAAAAAAAAAAAAQ", partitions: [0] }] },
        "partitions already",
      );
      await member.join({ subscribedTopicNames: null }, "no topics");
      await member.join({ serverAssignor: "nonsense" }, "an unknown assignor");
      await member.join({ serverAssignor: "" }, "an assignor without a name");
      await member.beat({ memberEpoch: -3 }, "epoch -3");
      await member.beat({ memberEpoch: -2 }, "away without an instance");
      await member.beat({ memberEpoch: 5, memberId: "" }, "nobody");
      await member.beat({ memberEpoch: 5 }, "no such group");
      await member.beat({ memberEpoch: -1 }, "leaves no such group");
      await member.join({ subscribedTopicNames: null, subscribedTopicRegex: "(" }, "a broken pattern");
      await describe(session, topic);
    },
    "who is not a member": async (session, topic) => {
      const member = await topicAndMember(session, topic);
      await member.join();
      await member.beat({ memberId: "stranger" }, "stranger");
      await member.beat({ memberEpoch: member.memberEpoch + 1 }, "epoch ahead");
      await member.beat({ instanceId: "i" }, "an instance");
      await member.beat({ memberId: "stranger", memberEpoch: -1 }, "stranger leaves");
      await member.beat({ instanceId: "i", memberEpoch: -1 }, "instance leaves");
      await member.beat({ instanceId: "i", memberEpoch: -2 }, "instance goes away");
      const second = new ConsumerMember(session, topic, { memberId: "b", topics: [topic] });
      await second.join();
      await member.beat();
      const { memberEpoch } = member;
      await member.beat();
      await member.beat({ memberEpoch: memberEpoch - 1 }, "the epoch before");
      await member.beat({ memberEpoch: memberEpoch - 1, topicPartitions: null }, "and says nothing");
      await member.join({}, "joins again");
      await member.beat({}, "goes on");
    },
    "two members share": async (session, topic) => {
      const first = await topicAndMember(session, topic, 4);
      const second = new ConsumerMember(session, topic, { memberId: "b", topics: [topic] });
      await first.join();
      await second.join();
      await describe(session, topic, "the second waits");
      await first.beat({ topicPartitions: null }, "the first says nothing");
      await describe(session, topic, "the first must let go");
      await second.beat();
      const before = first.owned;
      await first.beat({ topicPartitions: before }, "the first lets go");
      await describe(session, topic, "let go");
      await second.beat({}, "the second gets its part");
      await describe(session, topic, "shared");
      await first.beat({ memberEpoch: -1 }, "the first leaves");
      await describe(session, topic, "left");
      await second.beat({}, "the second gets all");
      await second.beat();
      await describe(session, topic, "alone");
    },
    "six partitions, three members, one after another": async (session, topic) => {
      const members = ["a", "b", "c"].map(
        (memberId) => new ConsumerMember(session, topic, { memberId, topics: [topic] }),
      );
      await createAssignableTopic(session, topic, 6);
      for (const joining of members) {
        await joining.join();
        for (let round = 0; round < 3; round++) {
          for (const member of members) if (member.memberEpoch > 0) await member.beat();
        }
        await describe(session, topic, `with ${joining.memberId}`);
      }
    },
    "the range assignor": async (session, topic) => {
      await createAssignableTopic(session, `${topic}-1`, 3);
      await createAssignableTopic(session, `${topic}-2`, 5);
      const topics = [`${topic}-1`, `${topic}-2`];
      const members = ["b", "a"].map((memberId) => new ConsumerMember(session, topic, { memberId, topics }));
      for (const joining of members) {
        await joining.join({ serverAssignor: "range" });
        for (let round = 0; round < 3; round++) {
          for (const member of members) if (member.memberEpoch > 0) await member.beat();
        }
      }
      await describe(session, topic);
    },
    "nothing to read": async (session, topic) => {
      for (const [name, topics] of [
        ["none", []],
        ["unknown", [`${topic}-unknown`]],
      ] as const) {
        const groupId = `${topic}-${name}`;
        const first = new ConsumerMember(session, groupId, { memberId: "a", topics });
        await first.join();
        await describe(session, groupId, name);
        await first.beat();
        const second = new ConsumerMember(session, groupId, { memberId: "b", topics });
        await second.join();
        await first.beat();
        await describe(session, groupId, `${name}, two members`);
        await first.beat({ memberEpoch: -1 }, "leaves");
        await describe(session, groupId, `${name}, one member left`);
        await second.beat();
      }
    },
    "another subscription": async (session, topic) => {
      await createAssignableTopic(session, `${topic}-1`, 2);
      await createAssignableTopic(session, `${topic}-2`, 1);
      const member = new ConsumerMember(session, topic, { memberId: "a", topics: [`${topic}-1`] });
      await member.join();
      await member.beat({ subscribedTopicNames: [`${topic}-1`, `${topic}-2`] }, "one more");
      await member.beat({ subscribedTopicNames: [`${topic}-2`, `${topic}-1`] }, "in another order");
      await member.beat({ subscribedTopicNames: [`${topic}-2`] }, "one less");
      await member.beat();
      await describe(session, topic);
      await member.beat({ subscribedTopicNames: [] }, "none");
      await member.beat();
      await describe(session, topic, "without topics");
      await member.beat({ subscribedTopicNames: [`${topic}-unknown`] }, "one that is not there");
      await member.beat();
      await describe(session, topic, "with an unknown topic");
    },
    "a pattern for topics": async (session, topic) => {
      await createAssignableTopic(session, `${topic}-1`, 2);
      await createAssignableTopic(session, `${topic}-22`, 1);
      const member = new ConsumerMember(session, topic, { memberId: "a" });
      const pattern = `${topic.replaceAll(".", "\\.")}-\\d`;
      const join = { subscribedTopicNames: null, subscribedTopicRegex: pattern };
      let answer = await session.ask(consumerGroupHeartbeat, 1, { ...member.whole, ...join });
      // Apache Kafka looks the topics up behind the first answers.
      for (let count = 0; count < 200 && member.owned.length === 0; count++) {
        if (answer.assignment !== null) member.owned = answer.assignment.topicPartitions;
        const body = { ...member.identity, memberEpoch: answer.memberEpoch, topicPartitions: member.owned };
        answer = await session.ask(consumerGroupHeartbeat, 1, body);
      }
      session.note("assigned", member.owned);
      const described = await session.ask(consumerGroupDescribe, 1, {
        groupIds: [topic],
        includeAuthorizedOperations: false,
      });
      session.note("described", described.groups[0]?.members);
    },
    "static members": async (session, topic) => {
      await createAssignableTopic(session, topic, 4);
      const options = { topics: [topic], instanceId: "i" };
      const first = new ConsumerMember(session, topic, { ...options, memberId: "a" });
      const again = new ConsumerMember(session, topic, { ...options, memberId: "b" });
      await first.join();
      await again.join({}, "too early");
      await again.beat({ memberEpoch: 2 }, "another one beats");
      await again.beat({ memberEpoch: -2 }, "another one goes away");
      await again.beat({ memberEpoch: -1 }, "another one leaves");
      await first.beat({ memberEpoch: -2 }, "goes away");
      await describe(session, topic, "away");
      await first.beat({}, "beats while away");
      await again.join({}, "comes back");
      await describe(session, topic, "back");
      await first.beat({}, "the former one beats");
      await again.beat({ memberEpoch: -1 }, "leaves for good");
      await describe(session, topic, "gone");
    },
    "a member under another instance id": async (session, topic) => {
      await createAssignableTopic(session, topic, 2);
      const options = { memberId: "a", topics: [topic] };
      const member = new ConsumerMember(session, topic, { ...options, instanceId: "i" });
      await member.join();
      await member.join({ instanceId: "j" }, "under another");
      await member.join({ instanceId: "i" }, "under the former, which is still its own");
      await member.beat({ instanceId: "i" }, "heartbeat under the former");
      const other = new ConsumerMember(session, topic, { ...options, memberId: "b", instanceId: "i" });
      await other.join({}, "another member under the former");
      await member.beat({ instanceId: "j", memberEpoch: -1 }, "leaves");
      await other.join({}, "another member, when it has left");
      await describe(session, topic, "at last");
    },
    "topics that grow and go": async (session, topic) => {
      const member = await topicAndMember(session, topic, 1);
      await member.join();
      await session.ask(createPartitions, 3, {
        topics: [{ name: topic, count: 3 }],
        timeoutMs: 5000,
        validateOnly: false,
      });
      await session.untilLed(topic, 3);
      const untilEpoch = async (epoch: number): Promise<void> => {
        for (let count = 0; count < 200 && member.memberEpoch < epoch; count++) {
          const body = { ...member.identity, topicPartitions: member.owned };
          const answer = await session.ask(consumerGroupHeartbeat, 1, body);
          member.memberEpoch = answer.memberEpoch;
          if (answer.assignment !== null) member.owned = answer.assignment.topicPartitions;
        }
      };
      await untilEpoch(member.memberEpoch + 1);
      session.note("grown", [member.memberEpoch, member.owned]);
      await session.ask(deleteTopics, 6, { topics: [{ name: topic }], timeoutMs: 5000 });
      await untilEpoch(member.memberEpoch + 1);
      session.note("gone", [member.memberEpoch, member.owned]);
      await describe(session, topic);
    },
    "commits and epochs": async (session, topic) => {
      const member = await topicAndMember(session, topic, 2);
      const commit = (step: string, fields: Readonly<Record<string, unknown>>, version = 9) =>
        session.attempt(offsetCommit, version, commitOf(topic, fields, 0, 1), step);
      const claim = { memberId: "a", generationIdOrMemberEpoch: 2 };
      await commit("before there is a group", claim);
      await member.join();
      await commit("right", claim);
      await commit("an old version", claim, 8);
      await commit("epoch ahead", { ...claim, generationIdOrMemberEpoch: 3 });
      await commit("epoch behind", { ...claim, generationIdOrMemberEpoch: 1 });
      await commit("epoch 0", { ...claim, generationIdOrMemberEpoch: 0 });
      await commit("no epoch", { ...claim, generationIdOrMemberEpoch: -1 });
      await commit("a stranger", { ...claim, memberId: "b" });
      await commit("nobody", { memberId: "", generationIdOrMemberEpoch: -1 });
      const fetch = (step: string, fields: Readonly<Record<string, unknown>>) => {
        const topics = [{ name: topic, partitionIndexes: [0, 1] }];
        return session.send(offsetFetch, 9, { groups: [{ groupId: topic, topics, ...fields }] }, step);
      };
      await fetch("by anybody", {});
      await fetch("by the member", { memberId: "a", memberEpoch: 2 });
      await fetch("epoch ahead, fetched", { memberId: "a", memberEpoch: 3 });
      await fetch("epoch behind, fetched", { memberId: "a", memberEpoch: 1 });
      await fetch("by a stranger", { memberId: "b", memberEpoch: 1 });
      await fetch("of an unknown group", { groupId: `${topic}-unknown`, memberId: "a", memberEpoch: 1 });
      const second = new ConsumerMember(session, topic, { memberId: "b", topics: [topic] });
      await second.join();
      await member.beat();
      await commit("while it lets go", claim);
      await member.beat();
      await commit("in the epoch before", claim);
      await commit("in the new epoch", { ...claim, generationIdOrMemberEpoch: member.memberEpoch });
      const offsets = { groupId: topic, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] };
      await session.send(offsetDelete, 0, offsets, "delete what is read");
      await member.beat({ memberEpoch: -1 }, "a leaves");
      await second.beat({ memberEpoch: -1 }, "b leaves");
      await commit("nobody in an empty group", { memberId: "", generationIdOrMemberEpoch: -1 });
      await commit("a member that has left", { ...claim, generationIdOrMemberEpoch: member.memberEpoch });
      await session.send(offsetDelete, 0, offsets, "delete what nobody reads");
    },
    listed: async (session, topic) => {
      const member = await topicAndMember(session, topic);
      await member.join();
      for (const [version, filters] of [
        [4, {}],
        [5, {}],
        [4, { statesFilter: ["Stable"] }],
        [4, { statesFilter: ["assigning", "reconciling"] }],
        [5, { typesFilter: ["consumer"] }],
        [5, { typesFilter: ["Consumer"] }],
        [5, { typesFilter: ["classic"] }],
      ] as const) {
        const answer = await session.ask(listGroups, version, filters);
        const own = answer.groups.filter((group) => group.groupId === topic);
        session.note(`${version} ${JSON.stringify(filters)}`, { ...answer, groups: own });
      }
      for (const version of versionEnds(describeGroups)) {
        await session.send(describeGroups, version, { groups: [topic] }, `as a classic one ${version}`);
      }
      await session.send(deleteGroups, 2, { groupsNames: [topic] }, "cannot be deleted");
      await describe(session, "", "without a name");
    },
    "requests of the classic protocol": async (session, topic) => {
      const member = await topicAndMember(session, topic);
      await member.join();
      const identity = { groupId: topic, memberId: "a", generationId: member.memberEpoch };
      await session.send(heartbeat, 4, identity, "heartbeat");
      await session.send(leaveGroup, 4, { groupId: topic, members: [{ memberId: "a" }] }, "leave");
      const sync = { ...identity, protocolType: "consumer", protocolName: "range", assignments: [] };
      await session.send(syncGroup, 5, sync, "sync");
    },
    "an empty group changes its kind": async (session, topic) => {
      await createAssignableTopic(session, topic, 1);
      const classic = await stableMember(session, topic);
      await describe(session, topic, "classic");
      const member = new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
      await member.beat({ memberEpoch: 1 }, "not its kind");
      await classic.session.ask(leaveGroup, 4, {
        groupId: topic,
        members: [{ memberId: classic.memberId }],
      });
      await session.send(offsetCommit, 9, commitOf(topic, {}, 0), "commit to the empty group");
      await member.join();
      await describe(session, topic, "of the new kind");
      const fetch = { groups: [{ groupId: topic, topics: null }] };
      await session.send(offsetFetch, 9, fetch, "offsets stay");
      await member.beat({ memberEpoch: -1 }, "leaves");
      await stableMember(session, topic);
      await describe(session, topic, "classic again");
      await session.send(offsetFetch, 9, fetch, "offsets stay again");
      await session.send(describeGroups, 6, { groups: [topic] }, "described as a classic one");
    },
    "a living group changes its kind, and back": async (session, topic) => {
      await createAssignableTopic(session, topic, 2);
      const classic = new Member(session, topic, { topics: [topic] });
      await classic.join();
      await classic.sync([[classic.memberId, encodeAssignment(0, [{ topic, partitions: [0, 1] }])]]);
      await session.send(offsetCommit, 9, {
        ...commitOf(topic, {}, 0),
        memberId: classic.memberId,
        generationIdOrMemberEpoch: classic.generationId,
      });
      const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
      await fresh.join();
      const describeMixed = async (step: string): Promise<void> => {
        const answer = await session.ask(consumerGroupDescribe, 1, {
          groupIds: [topic],
          includeAuthorizedOperations: false,
        });
        const [group] = answer.groups;
        const members = (group?.members ?? []).map(({ memberId: _random, ...member }) => member);
        members.sort((one, other) => one.memberType - other.memberType);
        session.note(step, { ...group, members });
      };
      await describeMixed("mixed");
      session.note("told to come again", await classic.beat());
      session.note("cannot sync before", await classic.sync());
      session.note("comes", await classic.join());
      session.note("gets its part", await classic.sync());
      session.note("goes on", await classic.beat());
      await fresh.beat();
      await fresh.beat();
      await describeMixed("shared");
      session.note("still goes on", await classic.beat());
      const offsets = { groups: [{ groupId: topic, topics: null }] };
      await session.send(offsetFetch, 9, offsets, "offsets stay");
      await session.send(offsetCommit, 8, {
        ...commitOf(topic, {}, 0),
        memberId: classic.memberId,
        generationIdOrMemberEpoch: classic.generationId,
      });
      const second = new Member(session, topic, { topics: [topic], protocols: ["sticky"] });
      session.note("another protocol", (await second.join()).errorCode);
      const stranger = { groupId: topic, memberId: "stranger", generationId: 1 };
      await session.send(heartbeat, 4, stranger, "a stranger beats");
      await session.send(heartbeat, 4, { ...stranger, memberId: "a", generationId: fresh.memberEpoch });
      await session.send(heartbeat, 4, { ...classic.identity, generationId: 1 }, "an old generation beats");
      await fresh.beat({ memberEpoch: -1 }, "leaves");
      await describeMixed("not of the new kind any more");
      await classic.untilRebalance();
      const last = await classic.join();
      session.note("classic again", { ...last, members: last.members.length });
      session.note(
        "leads again",
        await classic.sync([[classic.memberId, encodeAssignment(0, [{ topic, partitions: [0, 1] }])]]),
      );
      await session.send(offsetFetch, 9, offsets, "offsets stay again");
    },
    "a classic member joins": async (session, topic) => {
      await createAssignableTopic(session, topic, 2);
      const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
      await fresh.join();
      const classic = new Member(session, topic, { topics: [topic] });
      session.note("joins", await classic.join());
      session.note("nothing is free yet", await classic.sync());
      session.note("beats", await classic.beat());
      await fresh.beat();
      await fresh.beat();
      session.note("there is something", await classic.beat());
      session.note("joins again", await classic.join());
      session.note("gets it", await classic.sync());
      session.note("goes on", await classic.beat());
      const noise = new Member(session, topic);
      session.note("no subscription", (await noise.join()).errorCode);
      const instance = new Member(session, topic, { topics: [topic], instanceId: "i" });
      session.note("an instance", await instance.join());
      const again = new Member(session, topic, { topics: [topic], instanceId: "i" });
      session.note("comes back", await again.join());
      session.note("the former one", await instance.beat());
      const members = [{ memberId: classic.memberId }];
      await session.send(leaveGroup, 5, { groupId: topic, members }, "leaves");
    },
    "a static member that joins again": async (session, groupId) => {
      const topic = `${groupId}-t`;
      await createAssignableTopic(session, topic, 2);
      for (const version of [0, 1]) {
        const id = `${groupId}-${version}`;
        const member = new ConsumerMember(session, id, {
          memberId: "m",
          topics: [topic],
          instanceId: "i",
          version,
        });
        await member.join({}, `joins in version ${version}`);
        await member.join({}, "joins again");
        await member.join({ memberId: "other" }, "another one");
        const plain = new ConsumerMember(session, id, { memberId: "p", topics: [topic], version });
        await plain.join({}, "without an instance");
        await plain.join(
          { instanceId: "j", subscribedTopicNames: [] },
          "with an instance and without topics",
        );
      }
    },
  }),
];
