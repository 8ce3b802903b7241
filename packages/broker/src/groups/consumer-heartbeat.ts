import { ErrorCode } from "../protocol/error-code.ts";
import {
  AWAY_EPOCH,
  type ConsumerGroup,
  type ConsumerMember,
  consumerGroupOf,
  heldByOthers,
  LEAVE_EPOCH,
  NO_EPOCH,
  staticMember,
  targetOf,
  withMember,
} from "./consumer-group.ts";
import {
  admit,
  type Claim,
  type Refusal,
  refused,
  staticClaimProblem,
  type TopicPartitions,
  unknownMember,
} from "./group-admission.ts";
import {
  NOTHING_HELD,
  type PartitionMap,
  partitionKey,
  sameHoldings,
  withoutEpochs,
} from "./partition-map.ts";
import { reconcile } from "./reconciliation.ts";
import {
  type GroupRules,
  removeMember,
  subscribedTopics,
  topicsOf,
  withTargets,
} from "./target-assignment.ts";

/** A heartbeat of the new protocol. What it does not name stays as it was: null, or -1 for the time-out. */
export interface ConsumerHeartbeat extends Claim {
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly topicNames: readonly string[] | null;
  readonly topicPattern: string | null;
  readonly assignor: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly user: string;
}

export type HeartbeatResult =
  | Refusal
  | {
      readonly kind: "member";
      readonly group: ConsumerGroup;
      readonly member: ConsumerMember;
      /** What the member is to own, where it must be told. */
      readonly assignment: PartitionMap | null;
    }
  | {
      readonly kind: "left";
      readonly group: ConsumerGroup;
      readonly memberId: string;
      /** True for a static member that will come back. */
      readonly isAway: boolean;
    };

/** One heartbeat: who it comes from, what it changes in the group, and what the member is told. */
export function consumerHeartbeat(
  existing: ConsumerGroup | undefined,
  groupId: string,
  beat: ConsumerHeartbeat,
  rules: GroupRules,
): HeartbeatResult {
  const isJoining = beat.memberEpoch === 0;
  if (existing === undefined && !isJoining) {
    return refused(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`);
  }
  const before = existing ?? consumerGroupOf(groupId);
  if (beat.memberEpoch === LEAVE_EPOCH || beat.memberEpoch === AWAY_EPOCH) return leave(before, beat, rules);
  if (before.members.size >= rules.maxMembers && !before.members.has(beat.memberId)) {
    return refused(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `The group has its ${rules.maxMembers} members already.`,
    );
  }
  const admitted = admit(before, beat);
  if (admitted.kind === "refused") return admitted;
  const described = describedBy(admitted.member, beat);
  const hasNewSubscription = !sameSubscription(admitted.member, described);
  const assigned = assign(withMember(admitted.group, described), hasNewSubscription, rules);
  const member = towardsTarget(assigned, described, ownedKeys(beat.owned), hasNewSubscription, rules);
  const isWhole =
    beat.rebalanceTimeoutMs !== -1 &&
    (beat.topicNames !== null || beat.topicPattern !== null) &&
    beat.owned !== null;
  const mustTell = isJoining || isWhole || !sameHoldings(admitted.member.assigned, member.assigned);
  const assignment = mustTell ? withoutEpochs(member.assigned) : null;
  return { kind: "member", group: withMember(assigned, member), member, assignment };
}

function describedBy(member: ConsumerMember, beat: ConsumerHeartbeat): ConsumerMember {
  const next: ConsumerMember = {
    ...member,
    instanceId: beat.instanceId ?? member.instanceId,
    rackId: beat.rackId ?? member.rackId,
    rebalanceTimeoutMs: beat.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : beat.rebalanceTimeoutMs,
    topicNames: beat.topicNames === null ? member.topicNames : [...new Set(beat.topicNames)].sort(),
    topicPattern: beat.topicPattern ?? member.topicPattern,
    assignor: beat.assignor ?? member.assignor,
    clientId: beat.clientId,
    clientHost: beat.clientHost,
    user: beat.user,
    classic: null,
  };
  const isSame =
    next.instanceId === member.instanceId &&
    next.rackId === member.rackId &&
    next.rebalanceTimeoutMs === member.rebalanceTimeoutMs &&
    next.assignor === member.assignor &&
    next.clientId === member.clientId &&
    next.clientHost === member.clientHost &&
    next.user === member.user &&
    member.classic === null &&
    sameSubscription(next, member);
  return isSame ? member : next;
}

function sameSubscription(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.topicPattern === b.topicPattern &&
    a.topicNames.length === b.topicNames.length &&
    a.topicNames.every((name, index) => name === b.topicNames[index])
  );
}

function ownedKeys(owned: TopicPartitions | null): Set<string> | undefined {
  if (owned === null) return undefined;
  return new Set(
    owned.flatMap(({ topicId, partitions }) => partitions.map((number) => partitionKey(topicId, number))),
  );
}

/** Begins a new epoch where the members' topics are others than before, and makes its targets. */
export function assign(group: ConsumerGroup, hasNewSubscription: boolean, rules: GroupRules): ConsumerGroup {
  const isNew = group.epoch === NO_EPOCH;
  const mustLook =
    isNew || hasNewSubscription || rules.haveTopicsChanged || group.epoch > group.assignmentEpoch;
  if (!mustLook) return group;
  const topics = topicsOf(group, rules);
  const isChanged = hasNewSubscription || !sameTopics(topics, group.topics);
  // As in Kafka, a group begins with epoch 1, and its first subscription is a change of it.
  const epoch = group.epoch + (isNew ? 1 : 0) + (isChanged ? 1 : 0);
  return epoch === group.assignmentEpoch ? group : withTargets({ ...group, epoch, topics }, rules);
}

function sameTopics(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) if (b.get(topicId) !== partitions) return false;
  return true;
}

/** The member, one step nearer to its target. */
export function towardsTarget(
  group: ConsumerGroup,
  member: ConsumerMember,
  owned: ReadonlySet<string> | undefined,
  hasNewSubscription: boolean,
  rules: GroupRules,
): ConsumerMember {
  const isAtRest = member.progress === "stable" && member.epoch === group.assignmentEpoch;
  if (isAtRest && !hasNewSubscription) return member;
  const goal = {
    epoch: group.assignmentEpoch,
    target: targetOf(group, member.id),
    subscribed: subscribedTopics(member, rules),
    heldByOthers: () => heldByOthers(group, member.id),
  };
  return reconcile(member, goal, owned, hasNewSubscription);
}

function leave(group: ConsumerGroup, beat: ConsumerHeartbeat, rules: GroupRules): HeartbeatResult {
  const { memberId, memberEpoch, instanceId } = beat;
  if (instanceId === null) {
    if (!group.members.has(memberId)) return unknownMember(memberId);
    return { kind: "left", group: removeMember(group, memberId, rules), memberId, isAway: false };
  }
  const known = staticMember(group, instanceId);
  if (known === undefined) return unknownMember(instanceId);
  if (known.id !== memberId) return staticClaimProblem(known, beat) ?? unknownMember(memberId);
  if (memberEpoch === LEAVE_EPOCH) {
    return { kind: "left", group: removeMember(group, memberId, rules), memberId, isAway: false };
  }
  const away: ConsumerMember = { ...known, epoch: AWAY_EPOCH, progress: "stable", revoking: NOTHING_HELD };
  return { kind: "left", group: withMember(group, away), memberId, isAway: true };
}
