import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../packages/broker/src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { NULL_UUID } from "../../packages/broker/src/protocol/schema.ts";
import { Member, stableMember } from "../member.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const UNKNOWN_ID = "zzzzzzzzzzzzzzzzzzzzzQ";

interface Commit {
  readonly memberId?: string;
  readonly generationIdOrMemberEpoch?: number;
  readonly groupInstanceId?: string | null;
  readonly topicId?: string;
  readonly partitionIndex?: number;
  readonly committedOffset?: number;
  readonly committedMetadata?: string | null;
}

function commit(groupId: string, name: string, fields: Commit = {}) {
  const {
    partitionIndex = 0,
    committedOffset = 5,
    committedMetadata = "note",
    memberId = "",
    topicId = NULL_UUID,
    ...rest
  } = fields;
  const partition = { partitionIndex, committedOffset, committedLeaderEpoch: 0, committedMetadata };
  return { groupId, memberId, ...rest, topics: [{ name, topicId, partitions: [partition] }] };
}

/** A fetch of one group in the form that its version has. */
function fetchOf(
  groupId: string,
  topics: { name: string; topicId?: string; partitionIndexes: number[] }[] | null,
) {
  return { groupId, topics, groups: [{ groupId, topics }] };
}

export const offsetCases = [
  ...area("offsets", {
    "committed by nobody in particular at both ends": async (session, topic) => {
      const topicId = await session.createTopic(topic, 2);
      const [oldest = 0, newest = 0] = versionEnds(offsetCommit);
      await session.send(offsetCommit, oldest, commit(`${topic}-old`, topic));
      await session.send(offsetCommit, newest, commit(topic, topic, { topicId }));
      const wanted = [{ name: topic, topicId, partitionIndexes: [0, 1] }];
      for (const version of [...versionEnds(offsetFetch), 9]) {
        await session.send(offsetFetch, version, fetchOf(topic, wanted));
      }
      await session.send(offsetFetch, 7, fetchOf(topic, null), "all");
      await session.send(offsetFetch, 9, fetchOf(topic, null), "all, in groups");
      await session.send(describeGroups, 5, { groups: [topic] });
    },
    "by topic id": async (session, topic) => {
      const topicId = await session.createTopic(topic, 2);
      await session.send(offsetCommit, 10, commit(topic, "", { topicId }));
      await session.send(offsetCommit, 10, commit(topic, topic), "the id of zeroes");
      await session.send(offsetCommit, 10, commit(topic, topic, { topicId: UNKNOWN_ID }), "unknown id");
      await session.send(offsetCommit, 10, commit(topic, "", { topicId, partitionIndex: 7 }), "partition");
      const { topics, ...rest } = commit(topic, "", { topicId, committedOffset: 6 });
      const unknown = commit(topic, "", { topicId: UNKNOWN_ID }).topics;
      await session.send(offsetCommit, 10, { ...rest, topics: [...unknown, ...topics] }, "one of two");
      const nothing = [
        { topicId, partitions: [] },
        { topicId: UNKNOWN_ID, partitions: [] },
      ];
      const named = nothing.map((one) => ({ name: "", ...one }));
      await session.send(offsetCommit, 10, { ...rest, topics: named }, "no partitions");
      const places = [
        { name: "", topicId, partitionIndexes: [0, 1, 9] },
        { name: topic, topicId: UNKNOWN_ID, partitionIndexes: [0] },
        { name: topic, partitionIndexes: [0] },
      ];
      await session.send(offsetFetch, 10, fetchOf(topic, places), "some");
      await session.send(offsetFetch, 10, fetchOf(topic, null), "all");
      await session.send(offsetFetch, 10, fetchOf(`${topic}-unknown`, places), "of an unknown group");
      await session.send(offsetFetch, 9, fetchOf(topic, null), "all, by name");
    },
    metadata: async (session, topic) => {
      await session.createTopic(topic);
      const send = (step: string, committedMetadata: string | null) =>
        session.send(offsetCommit, 8, commit(topic, topic, { committedMetadata }), step);
      await send("empty", "");
      await send("null", null);
      await session.send(offsetFetch, 8, fetchOf(topic, null));
      await send("too long", "x".repeat(5000));
      await send("as long as may be", "x".repeat(4096));
    },
    "odd offsets": async (session, topic) => {
      await session.createTopic(topic);
      for (const committedOffset of [0, -1, -5]) {
        await session.send(
          offsetCommit,
          8,
          commit(topic, topic, { committedOffset }),
          `offset ${committedOffset}`,
        );
      }
      await session.send(offsetFetch, 8, fetchOf(topic, null));
    },
    "unknown places": async (session, topic) => {
      await session.createTopic(topic);
      for (const version of versionEnds(offsetCommit)) {
        await session.send(offsetCommit, version, commit(topic, `${topic}-unknown`), `topic ${version}`);
        await session.send(
          offsetCommit,
          version,
          commit(topic, topic, { partitionIndex: 7 }),
          `partition ${version}`,
        );
      }
      await session.send(offsetCommit, 9, commit("", topic), "no group");
      await session.send(offsetCommit, 9, commit(topic, topic, { partitionIndex: -1 }), "partition -1");
      await session.send(offsetCommit, 9, { groupId: topic, memberId: "", topics: [] }, "nothing");
    },
    "who may commit": async (session, topic) => {
      await session.createTopic(topic);
      const { topics: created } = await session.ask(metadata, 12, { topics: [{ name: topic }] });
      const topicId = created[0]?.topicId ?? NULL_UUID;
      const member = await stableMember(session, topic);
      const generationIdOrMemberEpoch = member.generationId;
      const { memberId } = member;
      for (const version of versionEnds(offsetCommit)) {
        const send = (step: string, fields: Commit, groupId = topic) =>
          session.send(
            offsetCommit,
            version,
            commit(groupId, topic, { topicId, ...fields }),
            `${step}, ${version}`,
          );
        await send("the member", { memberId, generationIdOrMemberEpoch });
        await send("nobody", {});
        await send("a stranger", { memberId: "nobody", generationIdOrMemberEpoch });
        await send("an old generation", { memberId, generationIdOrMemberEpoch: 0 });
        await send("no generation", { memberId, generationIdOrMemberEpoch: -1 });
        await send("no member", { generationIdOrMemberEpoch });
        await send("a member of no group", { memberId, generationIdOrMemberEpoch }, `${topic}-unknown`);
        await send("a named stranger", { memberId: "nobody" }, `${topic}-other`);
      }
      await session.send(
        offsetCommit,
        7,
        commit(topic, topic, { memberId, generationIdOrMemberEpoch, groupInstanceId: "nobody" }),
        "an unknown instance",
      );
    },
    "commits during a rebalance": async (session, topic) => {
      await session.createTopic(topic);
      const first = await stableMember(session, topic);
      const second = new Member(session, topic);
      const secondJoins = second.join();
      await first.untilRebalance();
      const own = (member: Member): Commit => ({
        memberId: member.memberId,
        generationIdOrMemberEpoch: member.generationId,
      });
      await session.send(offsetCommit, 8, commit(topic, topic, own(first)), "while it is prepared");
      await Promise.all([first.join(), secondJoins]);
      await session.send(offsetCommit, 8, commit(topic, topic, own(first)), "before the assignment");
    },
    "of unknown groups": async (session, topic) => {
      await session.createTopic(topic);
      const unknown = `${topic}-unknown`;
      for (const version of [1, 2, 5, 7, 8, 9]) {
        const topics = [{ name: topic, partitionIndexes: [0] }];
        await session.send(offsetFetch, version, fetchOf(unknown, topics), `one partition, ${version}`);
        if (version >= 2) await session.send(offsetFetch, version, fetchOf(unknown, null), `all, ${version}`);
        await session.attempt(offsetFetch, version, fetchOf("", topics), `no group, ${version}`);
        await session.send(offsetFetch, version, fetchOf(unknown, []), `nothing, ${version}`);
      }
      await session.send(offsetFetch, 8, { groups: [] }, "no groups");
      await session.send(
        offsetFetch,
        8,
        fetchOf(topic, [{ name: `${topic}-gone`, partitionIndexes: [0, 3] }]),
        "unknown topic",
      );
      await session.send(
        offsetFetch,
        9,
        { groups: [{ groupId: unknown, memberId: "x", memberEpoch: 3, topics: null }] },
        "with a member",
      );
      await session.send(offsetFetch, 7, { ...fetchOf(unknown, null), requireStable: true }, "stable");
    },
    "null topics before they are allowed": async (session, topic) => {
      await session.attempt(offsetFetch, 1, fetchOf(topic, null));
    },
    "several groups": async (session, topic) => {
      await session.createTopic(topic);
      await session.ask(offsetCommit, 8, commit(`${topic}-a`, topic, { committedOffset: 1 }));
      await session.ask(offsetCommit, 8, commit(`${topic}-b`, topic, { committedOffset: 2 }));
      const groups = ["a", "b", "c"].map((suffix) => ({ groupId: `${topic}-${suffix}`, topics: null }));
      await session.send(offsetFetch, 8, { groups });
    },
    deleted: async (session, topic) => {
      await session.createTopic(topic, 2);
      await session.ask(offsetCommit, 8, commit(topic, topic));
      const ask = (groupId: string, name: string, partitionIndex: number) => ({
        groupId,
        topics: [{ name, partitions: [{ partitionIndex }] }],
      });
      await session.send(offsetDelete, 0, ask(topic, topic, 1), "not committed");
      await session.send(offsetDelete, 0, ask(topic, topic, 0), "committed");
      await session.send(offsetDelete, 0, ask(topic, `${topic}-unknown`, 0), "unknown topic");
      await session.send(offsetDelete, 0, ask(topic, topic, 9), "unknown partition");
      await session.send(offsetDelete, 0, ask(`${topic}-unknown`, topic, 0), "unknown group");
      await session.send(offsetDelete, 0, ask("", topic, 0), "no group");
      const member = await stableMember(session, `${topic}-live`);
      await session.send(offsetDelete, 0, ask(member.groupId, topic, 0), "of a live group");
    },
  }),
];
