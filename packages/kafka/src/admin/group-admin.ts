import { parsePartitionName, partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { Connection } from "@platformatic/kafka";
import { persistently } from "../cluster/backoff.ts";
import { ADMIN_REQUEST, ask, supports } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Coordinator, NOBODY } from "../cluster/coordinator.ts";
import { BrokerError, CODE, KAFKA_ERRORS, throwOnCode } from "../cluster/errors.ts";
import { groupByTopic } from "../cluster/offset-lookup.ts";
import { readAssignment } from "./classic-assignment.ts";

/** The protocol that a group speaks: the old one, or that of KIP-848. */
export type GroupType = "classic" | "consumer" | "other";

/** A group in a list. */
export interface GroupSummary {
  readonly groupId: string;
  readonly type: GroupType;
  /** Kafka's word: Stable, Empty, PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Dead. */
  readonly state: string;
}

/** A member of a group. */
export interface GroupMemberDetail {
  readonly memberId: string;
  /** The name of a static member. */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly assignment: readonly TopicPartition[];
  /** The new protocol only: what the member shall have in the end, where it differs. */
  readonly target: readonly TopicPartition[] | null;
}

/** A group with its members. */
export interface GroupDetail extends GroupSummary {
  /** The broker that coordinates it. */
  readonly coordinator: number | null;
  /** The strategy by which partitions are shared out; "" for a group without members. */
  readonly assignor: string;
  readonly members: readonly GroupMemberDetail[];
}

/** All groups of the cluster, by name. */
export async function listGroups(cluster: Cluster): Promise<GroupSummary[]> {
  const groups = new Map<string, GroupSummary>();
  for (const broker of cluster.brokerIds()) {
    await persistently(cluster, {}, async () => {
      for (const group of await groupsOf(await cluster.link(broker, "any"))) groups.set(group.groupId, group);
    });
  }
  return [...groups.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

async function groupsOf(link: Connection): Promise<GroupSummary[]> {
  const typed = await supports(link, ADMIN_REQUEST.listTypedGroups);
  const api = typed ? ADMIN_REQUEST.listTypedGroups : ADMIN_REQUEST.listGroups;
  const answer = await ask(link, api, [], []);
  throwOnCode(answer.errorCode, "listing the groups");
  return answer.groups.map(({ groupId, groupState, groupType }) => ({
    groupId,
    state: groupState,
    type: typeOf(groupType ?? "classic"),
  }));
}

function typeOf(text: string): GroupType {
  const type = text.toLowerCase();
  return type === "classic" || type === "consumer" ? type : "other";
}

/** Throws UNKNOWN_GROUP for one that does not exist. */
export function describeGroup(cluster: Cluster, groupId: string): Promise<GroupDetail> {
  const coordinator = new Coordinator(cluster, groupId);
  return persistently(cluster, {}, async () => {
    const link = await coordinator.link();
    const found =
      (await describeConsumerGroup(coordinator, link, groupId)) ??
      (await describeClassicGroup(coordinator, link, groupId));
    if (found === null) throw unknownGroup(groupId);
    return found;
  });
}

/** Null where the group is none of the new protocol, or the broker does not speak it. */
async function describeConsumerGroup(
  coordinator: Coordinator,
  link: Connection,
  groupId: string,
): Promise<GroupDetail | null> {
  if (!(await supports(link, ADMIN_REQUEST.consumerGroupDescribe))) return null;
  const { groups } = await ask(link, ADMIN_REQUEST.consumerGroupDescribe, [groupId], false);
  const [group] = groups;
  if (group === undefined || group.errorCode === CODE.groupIdNotFound) return null;
  coordinator.check(group.errorCode, "describing the");
  return {
    groupId,
    type: "consumer",
    state: group.groupState,
    coordinator: coordinator.nodeId,
    assignor: group.assignorName,
    members: group.members.map((member) => {
      const assignment = partitionsIn(member.assignment.topicPartitions);
      const target = partitionsIn(member.targetAssignment.topicPartitions);
      return {
        memberId: member.memberId,
        instanceId: member.instanceId ?? null,
        clientId: member.clientId,
        host: member.clientHost,
        assignment,
        target: sameNames(assignment, target) ? null : target,
      };
    }),
  };
}

async function describeClassicGroup(
  coordinator: Coordinator,
  link: Connection,
  groupId: string,
): Promise<GroupDetail | null> {
  const { groups } = await ask(link, ADMIN_REQUEST.describeGroups, [groupId], false);
  const [group] = groups;
  if (group === undefined || group.groupState === "Dead") return null;
  coordinator.check(group.errorCode, "describing the");
  return {
    groupId,
    type: "classic",
    state: group.groupState,
    coordinator: coordinator.nodeId,
    assignor: group.protocolData,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId ?? null,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: readAssignment(member.memberAssignment),
      target: null,
    })),
  };
}

function partitionsIn(
  topics: readonly { readonly topicName: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return topics.flatMap(({ topicName: topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

function sameNames(left: readonly TopicPartition[], right: readonly TopicPartition[]): boolean {
  const names = new Set(left.map(partitionName));
  return left.length === right.length && right.every((partition) => names.has(partitionName(partition)));
}

/** What the group has committed, everywhere. */
export function groupOffsets(cluster: Cluster, groupId: string): Promise<ReadonlyMap<string, bigint>> {
  const coordinator = new Coordinator(cluster, groupId);
  return persistently(cluster, {}, () => coordinator.committed("all"));
}

/** Moves a group without members to these next offsets. Throws GROUP_IN_USE for one that has members. */
export async function setGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: ReadonlyMap<string, bigint>,
): Promise<void> {
  if (offsets.size === 0) return;
  const coordinator = new Coordinator(cluster, groupId);
  await whileUnused(groupId, () => persistently(cluster, {}, () => coordinator.commit(offsets, NOBODY)));
}

/** Forgets what a group has committed for these partitions. */
export async function deleteGroupOffsets(
  cluster: Cluster,
  groupId: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const coordinator = new Coordinator(cluster, groupId);
  const topics = groupByTopic(names.map(parsePartitionName)).map(([name, numbers]) => ({
    name,
    partitions: numbers.map((partitionIndex) => ({ partitionIndex })),
  }));
  await whileUnused(groupId, () =>
    persistently(cluster, {}, async () => {
      const link = await coordinator.link();
      const answer = await ask(link, ADMIN_REQUEST.offsetDelete, groupId, topics);
      coordinator.check(answer.errorCode, "deleting offsets of");
      for (const topic of answer.topics) {
        for (const { errorCode } of topic.partitions) coordinator.check(errorCode, "deleting offsets of");
      }
    }),
  );
}

/** Deletes a group with all that it has committed. */
export async function deleteGroup(cluster: Cluster, groupId: string): Promise<void> {
  const coordinator = new Coordinator(cluster, groupId);
  await whileUnused(groupId, () =>
    persistently(cluster, {}, async () => {
      const answer = await ask(await coordinator.link(), ADMIN_REQUEST.deleteGroups, [groupId]);
      for (const { errorCode } of answer.results) {
        if (errorCode === CODE.groupIdNotFound) throw unknownGroup(groupId);
        coordinator.check(errorCode, "deleting the");
      }
    }),
  );
}

/** UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, NON_EMPTY_GROUP, GROUP_SUBSCRIBED_TO_TOPIC, STALE_MEMBER_EPOCH. */
const IN_USE: ReadonlySet<number> = new Set([22, 25, 68, 86, 113]);

async function whileUnused(groupId: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof BrokerError && IN_USE.has(error.brokerCode))) throw error;
    throw new CandlewickError(
      KAFKA_ERRORS.groupInUse,
      `The group ${groupId} has members.`,
      "Stop them first: what they have in hand would undo the change.",
      { cause: error },
    );
  }
}

function unknownGroup(groupId: string): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `There is no group ${groupId}.`,
    "See `candlewick groups list`.",
  );
}
