import { encodeAssignment } from "../../packages/broker/src/groups/consumer-protocol.ts";
import { consumerGroupDescribe } from "../../packages/broker/src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import { leaveGroup } from "../../packages/broker/src/protocol/messages/leave-group.ts";
import { listGroups } from "../../packages/broker/src/protocol/messages/list-groups.ts";
import { ConsumerMember, createAssignableTopic } from "../consumer-member.ts";
import { Member } from "../member.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";

/** Of which kind the group is, without those of other cases. */
async function noteKind(session: Session, groupId: string, step: string): Promise<void> {
  const { groups } = await session.ask(listGroups, 5, { statesFilter: [], typesFilter: [] });
  session.note(
    step,
    groups.find((group) => group.groupId === groupId),
  );
}

/** Bytes that end before a subscription or an assignment does, or are of no version. */
const CUT_SHORT = {
  "no version": "00",
  "a negative version": "ffff00000000ffffffff",
  "only a version": "0000",
  "no number of topics": "000000",
  "a topic without a length": "00000000000161",
  "no user data": "000000000000",
} as const;

/** Other bytes that are no assignment, or one that is seldom seen. */
const ODD_ASSIGNMENTS = {
  "more topics than bytes": "00007fffffff",
  "less than no topics": "0000fffffffe",
  "a topic without its name": "0000000000010004",
  "a topic whose name ends early": "00000000000100046161",
  "a topic of no name": "000000000001ffff00000000",
  "more partitions than bytes": "000000000001000161000000ff",
  "less than no partitions": "000000000001000161ffffffff",
  "a partition cut short": "00000000000100016100000001000000",
  "more user data than bytes": "0000000000000000000a61",
  "less than no user data": "000000000000fffffffe",
  "a newer version": "000900000000ffffffff616161",
} as const;

/** What becomes of a classic group when a member of the new protocol wants to join. */
async function noteTakeover(session: Session, classic: Member, topic: string, step: string): Promise<void> {
  const { groupId } = classic;
  const { whole } = new ConsumerMember(session, groupId, { memberId: "a", topics: [topic] });
  // Which of the partitions it gets is Apache Kafka's secret.
  const { errorCode } = await session.ask(consumerGroupHeartbeat, 1, whole);
  session.note(`${step}: joins`, errorCode);
  await noteKind(session, groupId, `${step}: its group`);
  session.note(`${step}: beats`, await classic.beat());
}

/** Members that go over to the other protocol for groups, and what becomes of their groups. */
export const changedProtocolCases = area("changed protocols", {
  "the only member joins with the classic one": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
    await fresh.join();
    const classic = new Member(session, topic, { topics: [topic], version: 0 });
    classic.memberId = "a";
    session.note("joins", await classic.join());
    await noteKind(session, topic, "its group");
    session.note("syncs", await classic.sync());
    session.note("beats", await classic.beat());
    const other = new Member(session, topic, { topics: [topic], version: 0 });
    const joined = await other.join();
    session.note("another", { errorCode: joined.errorCode, generationId: joined.generationId });
    const members = [{ memberId: other.memberId }];
    await session.send(leaveGroup, 5, { groupId: topic, members }, "leaves");
    await noteKind(session, topic, "its group again");
    session.note("beats again", await classic.beat());
  },
  "an instance comes back with the new one": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    const classic = new Member(session, topic, { topics: [topic], instanceId: "i" });
    await classic.join();
    await classic.sync([[classic.memberId, Buffer.alloc(0)]]);
    const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic], instanceId: "i" });
    await fresh.join();
    await noteKind(session, topic, "its group");
    session.note("the former beats", await classic.beat());
    await fresh.beat();
  },
  "members that were assigned something else": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    for (const [step, hex] of Object.entries({ ...CUT_SHORT, ...ODD_ASSIGNMENTS })) {
      const classic = new Member(session, `${topic}-${step.replaceAll(" ", "-")}`, { topics: [topic] });
      await classic.join();
      await classic.sync([[classic.memberId, Buffer.from(hex, "hex")]]);
      await noteTakeover(session, classic, topic, step);
    }
  },
  "members that subscribe to something else": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    for (const [step, hex] of Object.entries(CUT_SHORT)) {
      const groupId = `${topic}-${step.replaceAll(" ", "-")}`;
      const classic = new Member(session, groupId, { metadata: Buffer.from(hex, "hex") });
      await classic.join();
      await classic.sync([[classic.memberId, Buffer.alloc(0)]]);
      await noteTakeover(session, classic, topic, step);
    }
  },
  "the only classic member comes with another assignor": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic] });
    await fresh.join();
    const classic = new Member(session, topic, { topics: [topic] });
    session.note("joins", await classic.join());
    for (const protocols of [["other"], ["other", "range"], ["range"]]) {
      const again = new Member(session, topic, { topics: [topic], protocols });
      again.memberId = classic.memberId;
      session.note(`with ${protocols}`, await again.join());
    }
    for (const instanceId of ["i", "j"]) {
      const stranger = new Member(session, topic, { topics: [topic], instanceId });
      stranger.memberId = "stranger";
      session.note(`a stranger called ${instanceId}`, await stranger.join());
    }
    for (const instanceId of [undefined, "k"]) {
      const noise = new Member(session, topic, { ...(instanceId === undefined ? {} : { instanceId }) });
      noise.memberId = "noise";
      session.note(`no subscription, called ${instanceId}`, await noise.join());
    }
  },
  "an instance that does not say that it is one joins with the classic one": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic], instanceId: "i" });
    await fresh.join();
    const classic = new Member(session, topic, { topics: [topic] });
    classic.memberId = "a";
    session.note("joins", await classic.join());
    const described = { groupIds: [topic], includeAuthorizedOperations: false };
    await session.send(consumerGroupDescribe, 1, described);
  },
  "the only instance joins with the classic one": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    const fresh = new ConsumerMember(session, topic, { memberId: "a", topics: [topic], instanceId: "i" });
    await fresh.join();
    const classic = new Member(session, topic, { topics: [topic], instanceId: "i" });
    session.note("joins", await classic.join());
    await noteKind(session, topic, "its group");
    session.note("beats", await classic.beat());
    session.note("syncs", await classic.sync());
    await session.send(consumerGroupHeartbeat, 1, { ...fresh.identity, topicPartitions: [] }, "the former");
  },
  "the only instance joins with the classic one and other topics": async (session, topic) => {
    await createAssignableTopic(session, topic, 2);
    await createAssignableTopic(session, `${topic}-2`, 1);
    for (const memberId of ["", "a"]) {
      const groupId = `${topic}-${memberId}`;
      const fresh = new ConsumerMember(session, groupId, { memberId: "a", topics: [topic], instanceId: "i" });
      await fresh.join();
      const classic = new Member(session, groupId, { topics: [`${topic}-2`], instanceId: "i" });
      classic.memberId = memberId;
      const step = memberId === "" ? "as another" : "as itself";
      session.note(`${step}: joins`, await classic.join());
      await noteKind(session, groupId, `${step}: its group`);
      session.note(`${step}: beats`, await classic.beat());
      session.note(`${step}: syncs`, await classic.sync());
      session.note(`${step}: joins again`, await classic.join());
      session.note(
        `${step}: syncs again`,
        await classic.sync([[classic.memberId, encodeAssignment(0, [{ topic, partitions: [0, 1] }])]]),
      );
    }
  },
});
