import { ErrorCode } from "../protocol/error-code.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  consumerGroupOf,
  heldByOthers,
  newConsumerMember,
  staticMember,
  type TopicDirectory,
  targetOf,
  withMember,
  withSuccessor,
} from "./consumer-group.ts";
import { assign, towardsTarget } from "./consumer-heartbeat.ts";
import {
  encodeAssignment,
  type NamedPartitions,
  parseAssignment,
  parseSubscription,
  type Unreadable,
} from "./consumer-protocol.ts";
import type { Group } from "./group.ts";
import type { JoinRequest, MemberClaim } from "./join-request.ts";
import type { MemberProtocol } from "./member.ts";
import {
  heldPartitions,
  NO_PARTITIONS,
  type PartitionMap,
  partitionKey,
  partitionMap,
  partitionsOf,
  withoutEpochs,
} from "./partition-map.ts";
import type { GroupRules } from "./target-assignment.ts";

/** Groups in which some members speak the new protocol and some the classic one, on the way from one to the other. */
export const CONSUMER_TYPE = "consumer";

const whyNotAdopted: Record<Unreadable, ErrorCode> = {
  foreign: ErrorCode.GROUP_ID_NOT_FOUND,
  // Apache Kafka stumbles over it instead of refusing it.
  noise: ErrorCode.UNKNOWN_SERVER_ERROR,
};

/**
 * The same group under the new protocol, in the same generation and with the same partitions. Where that cannot be,
 * the error to tell: members of another kind, or whose assignors keep something of their own in the subscription.
 */
export function fromClassicGroup(group: Group, topics: TopicDirectory): ConsumerGroup | ErrorCode {
  if (group.protocolType !== CONSUMER_TYPE) return ErrorCode.GROUP_ID_NOT_FOUND;
  const members: ConsumerMember[] = [];
  const targets = new Map<string, PartitionMap>();
  const counts = new Map<string, number>();
  for (const old of group.members.values()) {
    const subscription = parseSubscription(old.protocols[0]?.metadata ?? Buffer.alloc(0));
    const assignment = parseAssignment(old.assignment);
    if (typeof assignment === "string") return whyNotAdopted[assignment];
    if (typeof subscription === "string") return whyNotAdopted[subscription];
    if (subscription.hasUserData) return ErrorCode.GROUP_ID_NOT_FOUND;
    const target = identified(assignment, topics);
    const held = [...partitionsOf(target)].map(([id, index]) => [id, index, group.generationId] as const);
    if (target.size > 0) targets.set(old.id, target);
    for (const name of subscription.topics) {
      const topic = topics.get(name);
      if (topic !== undefined) counts.set(topic.id, topic.partitions.length);
    }
    members.push({
      ...newConsumerMember(old.id),
      instanceId: old.instanceId,
      rackId: subscription.rackId,
      clientId: old.clientId,
      clientHost: old.clientHost,
      rebalanceTimeoutMs: old.rebalanceTimeoutMs,
      topicNames: [...new Set(subscription.topics)].sort(),
      epoch: group.generationId,
      previousEpoch: group.generationId,
      assigned: heldPartitions(held),
      classic: { sessionTimeoutMs: old.sessionTimeoutMs, protocols: old.protocols },
    });
  }
  const epoch = group.generationId;
  return { ...consumerGroupOf(group.id, members), epoch, assignmentEpoch: epoch, targets, topics: counts };
}

function identified(partitions: readonly NamedPartitions[], topics: TopicDirectory): PartitionMap {
  return partitionMap(
    partitions.flatMap(({ topic, partitions: numbers }) => {
      const id = topics.get(topic)?.id;
      return id === undefined ? [] : numbers.map((number) => [id, number] as const);
    }),
  );
}

/** The bytes in which a member of the classic protocol is told what it is to read. */
export function classicAssignment(
  partitions: PartitionMap,
  protocols: readonly MemberProtocol[],
  topics: TopicDirectory,
): Buffer {
  const subscription = parseSubscription(protocols[0]?.metadata ?? Buffer.alloc(0));
  const version = typeof subscription === "string" ? 0 : subscription.version;
  const named = [...partitions].flatMap(([id, numbers]) => {
    const topic = topics.getById(id)?.name;
    return topic === undefined ? [] : [{ topic, partitions: numbers }];
  });
  return encodeAssignment(version, named);
}

export type ClassicJoin =
  | { readonly kind: "refused"; readonly errorCode: ErrorCode }
  | {
      readonly kind: "joined";
      readonly group: ConsumerGroup;
      readonly member: ConsumerMember;
      /** True where nobody speaks the new protocol since a static member has come back with the classic one. */
      readonly goesBack: boolean;
      /** Where it goes back: true if what its members have been assigned is out of date. */
      readonly isStale: boolean;
    };

/** A JoinGroup in a group of the new protocol: the broker assigns for this member as well, and it leads nobody. */
export function classicJoin(
  group: ConsumerGroup,
  request: JoinRequest,
  rules: GroupRules,
  { isUnnamed = true, mayGoBack = false } = {},
): ClassicJoin {
  const refuse = (errorCode: ErrorCode): ClassicJoin => ({ kind: "refused", errorCode });
  const { memberId, groupInstanceId, protocols } = request;
  const refusal = joinRefusal(group, request, rules.maxMembers);
  if (refusal !== ErrorCode.NONE) return refuse(refusal);
  const found = memberFor(group, memberId, groupInstanceId, isUnnamed);
  if (typeof found === "number") return refuse(found);
  const subscription = parseSubscription(protocols[0]?.metadata ?? Buffer.alloc(0));
  // Apache Kafka stumbles over it instead of refusing it.
  if (typeof subscription === "string") return refuse(ErrorCode.UNKNOWN_SERVER_ERROR);
  const joining: ConsumerMember = {
    ...found.member,
    // What a JoinGroup does not say stays as it was.
    instanceId: groupInstanceId ?? found.member.instanceId,
    rackId: subscription.rackId ?? found.member.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs:
      request.rebalanceTimeoutMs === -1 ? found.member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    topicNames: [...new Set(subscription.topics)].sort(),
    topicPattern: "",
    classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols },
  };
  const isNew =
    found.member.topicPattern !== "" || joining.topicNames.join("\n") !== found.member.topicNames.join("\n");
  const joined = withMember(found.group, joining);
  const assigned = assign(joined, isNew, rules);
  const former = groupInstanceId === null ? undefined : staticMember(group, groupInstanceId);
  // Other groups of which only classic members are left go back when the next one leaves, as in Apache Kafka.
  const goesBack = mayGoBack && former?.classic === null && isOnlyClassic(joined);
  const isStale = assigned.assignmentEpoch !== group.assignmentEpoch;
  if (goesBack && isStale) {
    // The members assign anew by themselves, in the classic protocol; a successor is in no generation before.
    const member = memberId === former?.id ? joining : { ...joining, epoch: 0 };
    return { kind: "joined", group: joined, member, goesBack, isStale };
  }
  const owned = new Set<string>();
  for (const [id, index] of partitionsOf(identified(subscription.owned, rules.topics))) {
    owned.add(partitionKey(id, index));
  }
  const member = towardsTarget(assigned, joining, owned, isNew, rules);
  return { kind: "joined", group: withMember(assigned, member), member, goesBack, isStale };
}

/** Why a member of the classic protocol cannot join, whoever it is. */
export function joinRefusal(group: ConsumerGroup, request: JoinRequest, maxMembers: number): ErrorCode {
  if (group.members.size >= maxMembers && !group.members.has(request.memberId)) {
    return ErrorCode.GROUP_MAX_SIZE_REACHED;
  }
  return supports(group, request) ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
}

/** Whether a member's protocols go together with those of the classic members, itself as it was among them. */
function supports(group: ConsumerGroup, { protocolType, protocols }: JoinRequest): boolean {
  if (protocolType !== CONSUMER_TYPE || protocols.length === 0) return false;
  const present = [...group.members.values()];
  return protocols.some(({ name }) =>
    present.every(({ classic }) => classic?.protocols.some((other) => other.name === name) ?? true),
  );
}

interface Found {
  readonly group: ConsumerGroup;
  readonly member: ConsumerMember;
}

function memberFor(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
  isUnnamed: boolean,
): Found | ErrorCode {
  if (instanceId === null)
    return { group, member: group.members.get(memberId) ?? newConsumerMember(memberId) };
  const known = staticMember(group, instanceId);
  if (known?.id === memberId) return { group, member: known };
  // An instance gets its id when it joins: whoever says that it has one had it before.
  if (!isUnnamed) return known === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.FENCED_INSTANCE_ID;
  if (known === undefined) return { group, member: { ...newConsumerMember(memberId), instanceId } };
  // It came back under a new id and takes over what the former one had.
  const epoch = Math.max(known.epoch, group.assignmentEpoch);
  const member = { ...known, id: memberId, epoch, previousEpoch: 0 };
  return { group: withSuccessor(group, known, member), member };
}

/** The classic member that a request claims to come from, or why it is none. */
export function classicMember(
  group: ConsumerGroup,
  { memberId, groupInstanceId, generationId }: MemberClaim,
): ConsumerMember | ErrorCode {
  if (groupInstanceId !== null) {
    const known = staticMember(group, groupInstanceId);
    if (known === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (known.id !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  const member = group.members.get(memberId);
  if (member === undefined || member.classic === null) return ErrorCode.UNKNOWN_MEMBER_ID;
  return member.epoch === generationId ? member : ErrorCode.ILLEGAL_GENERATION;
}

/** Whether a classic member must join again: to come to the present epoch, to let go, or to get what is free now. */
export function mustRejoin(group: ConsumerGroup, member: ConsumerMember): boolean {
  if (member.epoch < group.epoch || member.progress === "revoking") return true;
  if (member.progress !== "waiting") return false;
  const own = withoutEpochs(member.assigned);
  const taken = heldByOthers(group, member.id);
  for (const [id, index] of partitionsOf(targetOf(group, member.id))) {
    const isOwn = own.get(id)?.includes(index) === true;
    if (!isOwn && !taken.has(partitionKey(id, index))) return true;
  }
  return false;
}

/** True if nobody speaks the new protocol any more: then the group goes back to the classic one. */
export function isOnlyClassic(group: ConsumerGroup): boolean {
  return group.members.size > 0 && [...group.members.values()].every(({ classic }) => classic !== null);
}

/** Puts the members of a group that only classic ones are left in into one of the classic protocol. */
export function intoClassicGroup(
  from: ConsumerGroup,
  group: Group,
  topics: TopicDirectory,
  mustRebalance: boolean,
): void {
  for (const member of from.members.values()) {
    const { classic } = member;
    if (classic === null) continue;
    const target = from.targets.get(member.id) ?? NO_PARTITIONS;
    group.addMember(
      {
        id: member.id,
        instanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        sessionTimeoutMs: classic.sessionTimeoutMs,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        protocols: classic.protocols,
        assignment: classicAssignment(target, classic.protocols, topics),
        session: undefined,
        pendingJoin: undefined,
        joinedOn: undefined,
        pendingSync: undefined,
      },
      CONSUMER_TYPE,
    );
  }
  // The epoch that the members are in: the last one began when the other one went.
  group.resume(from.assignmentEpoch, mustRebalance);
}
