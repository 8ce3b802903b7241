import {
  type HeldPartitions,
  heldPartitionsOf,
  NO_PARTITIONS,
  NOTHING_HELD,
  type PartitionMap,
  partitionKey,
} from "./partition-map.ts";

/** What the rules of groups need to know of a topic. */
export interface GroupTopic {
  readonly id: string;
  readonly name: string;
  readonly partitions: { readonly length: number };
}

/** The topics there are. */
export interface TopicDirectory {
  get(name: string): GroupTopic | undefined;
  getById(id: string): GroupTopic | undefined;
  all(): readonly GroupTopic[];
}

/**
 * Where a member stands on its way to its target: there; giving up partitions that are no longer its own; or
 * waiting for partitions that their former owners have not given up yet.
 */
export type MemberProgress = "stable" | "revoking" | "waiting";

/** What a member that speaks the classic protocol brings in place of heartbeats of the new one. */
export interface ClassicSide {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

/** One member of a consumer group of the protocol of KIP-848. */
export interface ConsumerMember {
  readonly id: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Who it has proven to be. */
  readonly user: string;
  readonly rebalanceTimeoutMs: number;
  readonly topicNames: readonly string[];
  /** Empty where the member subscribes by names only. */
  readonly topicPattern: string;
  readonly assignor: string | null;
  /** -2 for a static member that is away and will come back. */
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly progress: MemberProgress;
  readonly assigned: HeldPartitions;
  /** Partitions that it has been told to give up and still holds. */
  readonly revoking: HeldPartitions;
  readonly classic: ClassicSide | null;
}

/** A consumer group, whole. It is never changed: each step makes another one. */
export interface ConsumerGroup {
  readonly id: string;
  /** Grows with each change of who is in it and what they read. */
  readonly epoch: number;
  /** The epoch for which the targets were made. */
  readonly assignmentEpoch: number;
  readonly members: ReadonlyMap<string, ConsumerMember>;
  /**
   * Member ids by instance ids. A member that comes again under another instance id stays known by the former one
   * as well while it is there, as in Apache Kafka.
   */
  readonly instances: ReadonlyMap<string, string>;
  /** By member id. */
  readonly targets: ReadonlyMap<string, PartitionMap>;
  /** How many partitions each subscribed topic had, by its id, when the epoch began. */
  readonly topics: ReadonlyMap<string, number>;
}

/** The epoch of a static member that has left for a while. */
export const AWAY_EPOCH = -2;
export const LEAVE_EPOCH = -1;
/** A group that nobody has joined yet. */
export const NO_EPOCH = 0;
/** With so many instance ids those that members do not carry any more are forgotten. */
const MAX_INSTANCES = 10_000;

/** A group with these members and nothing else yet. */
export function consumerGroupOf(id: string, members: readonly ConsumerMember[] = []): ConsumerGroup {
  return {
    id,
    epoch: NO_EPOCH,
    assignmentEpoch: NO_EPOCH,
    members: new Map(members.map((member) => [member.id, member])),
    instances: instancesOf(members),
    targets: new Map(),
    topics: new Map(),
  };
}

export function newConsumerMember(id: string): ConsumerMember {
  return {
    id,
    instanceId: null,
    rackId: null,
    clientId: "",
    clientHost: "",
    user: "",
    rebalanceTimeoutMs: -1,
    topicNames: [],
    topicPattern: "",
    assignor: null,
    epoch: 0,
    previousEpoch: -1,
    progress: "stable",
    assigned: NOTHING_HELD,
    revoking: NOTHING_HELD,
    classic: null,
  };
}

export function targetOf(group: ConsumerGroup, memberId: string): PartitionMap {
  return group.targets.get(memberId) ?? NO_PARTITIONS;
}

export function staticMember(group: ConsumerGroup, instanceId: string): ConsumerMember | undefined {
  const memberId = group.instances.get(instanceId);
  return memberId === undefined ? undefined : group.members.get(memberId);
}

/** The instance ids that members carry now. */
function instancesOf(members: Iterable<ConsumerMember>): Map<string, string> {
  const instances = new Map<string, string>();
  for (const { id, instanceId } of members) if (instanceId !== null) instances.set(instanceId, id);
  return instances;
}

/** The partitions that others than this member hold, given up or not. */
export function heldByOthers(group: ConsumerGroup, memberId: string): Set<string> {
  const held = new Set<string>();
  for (const member of group.members.values()) {
    if (member.id === memberId) continue;
    for (const holdings of [member.assigned, member.revoking]) {
      for (const [topicId, partition] of heldPartitionsOf(holdings))
        held.add(partitionKey(topicId, partition));
    }
  }
  return held;
}

/** Kafka's word for how the group is. */
export function consumerGroupState(group: ConsumerGroup): "Empty" | "Assigning" | "Reconciling" | "Stable" {
  if (group.members.size === 0) return "Empty";
  if (group.epoch > group.assignmentEpoch) return "Assigning";
  for (const { epoch, progress } of group.members.values()) {
    if (progress !== "stable" || epoch !== group.assignmentEpoch) return "Reconciling";
  }
  return "Stable";
}

/** The group with this member in the place of the one with its id, or as one more. */
export function withMember(group: ConsumerGroup, member: ConsumerMember): ConsumerGroup {
  if (group.members.get(member.id) === member) return group;
  const members = new Map(group.members).set(member.id, member);
  const { id, instanceId } = member;
  if (instanceId === null || group.instances.get(instanceId) === id) return { ...group, members };
  const known = group.instances.size < MAX_INSTANCES ? group.instances : instancesOf(members.values());
  return { ...group, members, instances: new Map(known).set(instanceId, id) };
}

/** The group with a static member that came back under a new id in the place of what it was: nobody else notices. */
export function withSuccessor(
  group: ConsumerGroup,
  former: ConsumerMember,
  member: ConsumerMember,
): ConsumerGroup {
  const target = group.targets.get(former.id);
  const rest = without(group, former.id);
  const targets = target === undefined ? rest.targets : new Map(rest.targets).set(member.id, target);
  return withMember({ ...rest, targets }, member);
}

/** The group without a member and its target; its epoch is one more, so that the others get new targets. */
export function withoutMember(group: ConsumerGroup, memberId: string): ConsumerGroup {
  if (!group.members.has(memberId)) return group;
  return { ...without(group, memberId), epoch: group.epoch + 1 };
}

function without(group: ConsumerGroup, memberId: string): ConsumerGroup {
  const members = new Map(group.members);
  const targets = new Map(group.targets);
  members.delete(memberId);
  targets.delete(memberId);
  const instances = new Map([...group.instances].filter(([, id]) => id !== memberId));
  return { ...group, members, targets, instances };
}
