import { deleteGroups } from "../../../packages/broker/src/protocol/messages/delete-groups.ts";
import { describeGroups } from "../../../packages/broker/src/protocol/messages/describe-groups.ts";
import { listGroups } from "../../../packages/broker/src/protocol/messages/list-groups.ts";
import { offsetCommit } from "../../../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../../packages/broker/src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../../packages/broker/src/protocol/messages/offset-fetch.ts";
import type { Choice } from "../choice.ts";
import { anyGroup, instanceOf, memberName, near, partitionIndex, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";

/** Offsets of several places as they are committed. */
export function committed(choice: Choice) {
  return choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => ({
    name: topicName(choice),
    partitions: choice.several(choice.mostly(1, 0), 2, () => ({
      partitionIndex: partitionIndex(choice),
      committedOffset: choice.pick(0, 1, 5, 1000, -1, -2),
      committedLeaderEpoch: choice.mostly(-1, 0, 7),
      committedMetadata: choice.mostly("note", null, "", "x".repeat(4097)),
    })),
  }));
}

function commit(choice: Choice): Step {
  const version = choice.version(offsetCommit);
  // The group without a name is the same in all runs.
  const group = anyGroup(choice) || "g9";
  const member = memberName(choice);
  const form = choice.pick("own", "own", "none", "none", "unknown");
  const groupInstanceId = instanceOf(choice, member);
  const off = near(choice, 0);
  const topics = committed(choice);
  const retentionTimeMs = choice.mostly(-1, 1000);
  return step(
    offsetCommit,
    version,
    (world) => {
      const known = world.member(group, member);
      return {
        groupId: world.name(group),
        memberId: form === "own" ? known.memberId : form === "none" ? "" : "nobody",
        generationIdOrMemberEpoch: (form === "none" ? -1 : known.generation) + off,
        groupInstanceId: form === "none" ? null : groupInstanceId,
        retentionTimeMs,
        topics: topics.map((topic) => ({
          ...topic,
          name: world.name(topic.name),
          topicId: world.anyTopicId(topic.name),
        })),
      };
    },
    { background: { kind: "group" } },
  );
}

function read(choice: Choice): Step {
  const version = choice.version(offsetFetch);
  const groups = choice.several(choice.mostly(1, 0), 2, () => {
    const isAll = choice.chance(0.4);
    const topics = choice.several(choice.mostly(1, 0), 2, () => ({
      name: topicName(choice),
      partitionIndexes: choice.several(choice.mostly(1, 0), 2, () => partitionIndex(choice)),
    }));
    const member = memberName(choice);
    const memberForm = choice.mostly("none", "own", "unknown");
    const group = anyGroup(choice);
    // The group without a name is the same in all runs.
    return { group, topics: isAll && group !== "" ? null : topics, member, memberForm, off: near(choice, 0) };
  });
  const requireStable = choice.chance(0.3);
  return step(
    offsetFetch,
    version,
    (world) => {
      const asked = groups.map(({ group, topics, member, memberForm, off }) => {
        const known = world.member(group, member);
        return {
          groupId: world.name(group),
          memberId: memberForm === "none" ? null : memberForm === "own" ? known.memberId : "nobody",
          memberEpoch: memberForm === "none" ? -1 : known.generation + off,
          topics:
            topics?.map((topic) => ({
              ...topic,
              name: world.name(topic.name),
              topicId: world.anyTopicId(topic.name),
            })) ?? null,
        };
      });
      const [first] = asked;
      // Before version 2 nobody can ask for all of them.
      const topics = version < 2 ? (first?.topics ?? []) : (first?.topics ?? null);
      return { groupId: first?.groupId ?? "", topics, groups: asked, requireStable };
    },
    { isRead: true },
  );
}

function forget(choice: Choice): Step {
  const group = anyGroup(choice);
  const topics = choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    partitions: choice.several(choice.mostly(1, 0), 2, () => ({ partitionIndex: partitionIndex(choice) })),
  }));
  return step(offsetDelete, 0, (world) => ({
    groupId: world.name(group),
    topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })),
  }));
}

function remove(choice: Choice): Step {
  const version = choice.version(deleteGroups);
  const groups = choice.several(choice.mostly(1, 0), 2, () => anyGroup(choice));
  return step(deleteGroups, version, (world) => ({ groupsNames: groups.map((group) => world.name(group)) }));
}

function describe(choice: Choice): Step {
  const version = choice.version(describeGroups);
  const groups = choice.several(choice.mostly(1, 0), 2, () => anyGroup(choice));
  const includeAuthorizedOperations = choice.mostly(false, true);
  return step(
    describeGroups,
    version,
    (world) => ({ groups: groups.map((group) => world.name(group)), includeAuthorizedOperations }),
    { isRead: true },
  );
}

function list(choice: Choice): Step {
  const version = choice.version(listGroups);
  const statesFilter = choice.several(0, choice.mostly(0, 2), () =>
    choice.pick(
      "Stable",
      "Empty",
      "empty",
      "Dead",
      "PreparingRebalance",
      "CompletingRebalance",
      "Assigning",
      "Reconciling",
      "None",
      "",
    ),
  );
  const typesFilter = choice.several(0, choice.mostly(0, 2), () =>
    choice.pick("classic", "consumer", "Consumer", "share", "none", ""),
  );
  return step(listGroups, version, () => ({ statesFilter, typesFilter }), { isListing: true });
}

export const offsetSteps = [
  commit,
  commit,
  commit,
  read,
  read,
  forget,
  remove,
  describe,
  describe,
  list,
] as const;
