import type { ConsumerMember } from "./consumer-group.ts";
import {
  heldPartitions,
  heldPartitionsOf,
  type PartitionMap,
  partitionKey,
  partitionsOf,
} from "./partition-map.ts";

export interface Goal {
  readonly epoch: number;
  readonly target: PartitionMap;
  /** The ids of the topics that the member subscribes to now; a target may be older than that. */
  readonly subscribed: ReadonlySet<string>;
  /** What others hold, as `partitionKey` names it. Asked for only where it matters. */
  readonly heldByOthers: () => ReadonlySet<string>;
}

/** What a member says it owns, as `partitionKey` names it; undefined where it says nothing. */
export type Owned = ReadonlySet<string> | undefined;

/**
 * Brings a member one step nearer to its goal: first it gives up what is not its own any more, and stays in its
 * epoch until it has said so; then it enters the epoch of the goal and gets what nobody else holds; the rest
 * follows as the others let go.
 */
export function reconcile(
  member: ConsumerMember,
  goal: Goal,
  owned: Owned,
  hasNewSubscription: boolean,
): ConsumerMember {
  const isUnfinished = member.progress === "stable" && member.epoch !== goal.epoch;
  const hasRevoked = member.progress === "revoking" && !stillOwns(member.revoking, owned);
  if (isUnfinished || hasRevoked || member.progress === "waiting") return nextStep(member, goal, owned);
  return hasNewSubscription ? withoutUnsubscribed(member, goal, owned) : member;
}

function stillOwns(revoking: ConsumerMember["revoking"], owned: Owned): boolean {
  if (owned === undefined) return true;
  for (const [topicId, partition] of heldPartitionsOf(revoking)) {
    if (owned.has(partitionKey(topicId, partition))) return true;
  }
  return false;
}

function enter(member: ConsumerMember, epoch: number, changes: Partial<ConsumerMember>): ConsumerMember {
  const previousEpoch = epoch === member.epoch ? member.previousEpoch : member.epoch;
  return { ...member, ...changes, epoch, previousEpoch };
}

function nextStep(member: ConsumerMember, goal: Goal, owned: Owned): ConsumerMember {
  const wanted = new Set<string>();
  for (const [topicId, partition] of partitionsOf(goal.target)) {
    if (goal.subscribed.has(topicId)) wanted.add(partitionKey(topicId, partition));
  }
  const held = [...heldPartitionsOf(member.assigned)];
  const kept = held.filter(([topicId, partition]) => wanted.has(partitionKey(topicId, partition)));
  const dropped = held.filter(([topicId, partition]) => !wanted.has(partitionKey(topicId, partition)));
  const revoking = heldPartitions(dropped);
  if (dropped.length > 0 && stillOwns(revoking, owned)) {
    return enter(member, member.epoch, { progress: "revoking", assigned: heldPartitions(kept), revoking });
  }
  const has = new Set(kept.map(([topicId, partition]) => partitionKey(topicId, partition)));
  const missing = [...partitionsOf(goal.target)].filter(([topicId, partition]) => {
    const key = partitionKey(topicId, partition);
    return wanted.has(key) && !has.has(key);
  });
  const taken = missing.length === 0 ? new Set<string>() : goal.heldByOthers();
  const free = missing.filter(([topicId, partition]) => !taken.has(partitionKey(topicId, partition)));
  const given = free.map(([topicId, partition]) => [topicId, partition, goal.epoch] as const);
  return enter(member, goal.epoch, {
    progress: free.length < missing.length ? "waiting" : "stable",
    assigned: heldPartitions([...kept, ...given]),
    revoking: new Map(),
  });
}

/** A member that reads less than before gives up at once what it does not read, before there is a new target. */
function withoutUnsubscribed(member: ConsumerMember, goal: Goal, owned: Owned): ConsumerMember {
  const held = [...heldPartitionsOf(member.assigned)];
  const kept = held.filter(([topicId]) => goal.subscribed.has(topicId));
  if (kept.length === held.length) return member;
  const dropped = held.filter(([topicId]) => !goal.subscribed.has(topicId));
  const revoking = heldPartitions([...heldPartitionsOf(member.revoking), ...dropped]);
  const assigned = heldPartitions(kept);
  if (!stillOwns(revoking, owned)) return { ...member, assigned };
  return { ...member, progress: "revoking", assigned, revoking };
}
