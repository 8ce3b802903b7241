import { ASSIGNORS, DEFAULT_ASSIGNOR } from "./assignor.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  type TopicDirectory,
  targetOf,
  withoutMember,
} from "./consumer-group.ts";
import type { PartitionMap } from "./partition-map.ts";

/** What the steps of a group look up in the world around it. */
export interface GroupRules {
  readonly topics: TopicDirectory;
  /** The names of the topics that a member's pattern matches and that the member may see. */
  readonly matching: (member: ConsumerMember) => readonly string[];
  readonly defaultAssignor: string;
  readonly maxMembers: number;
  /** False if no topic was created, deleted or made larger since the group was last looked at. */
  readonly haveTopicsChanged: boolean;
}

/** The ids of the topics that a member reads, as far as they exist. */
export function subscribedTopics(member: ConsumerMember, rules: GroupRules): Set<string> {
  const ids = new Set<string>();
  const matched = member.topicPattern === "" ? [] : rules.matching(member);
  for (const name of [...member.topicNames, ...matched]) {
    const topic = rules.topics.get(name);
    if (topic !== undefined) ids.add(topic.id);
  }
  return ids;
}

/** The topics that anybody in the group reads, with their numbers of partitions, in the order of their names. */
export function topicsOf(group: ConsumerGroup, rules: GroupRules): Map<string, number> {
  const ids = new Set<string>();
  for (const member of group.members.values()) {
    for (const id of subscribedTopics(member, rules)) ids.add(id);
  }
  const topics = [...ids].flatMap((id) => rules.topics.getById(id) ?? []);
  topics.sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(topics.map(({ id, partitions }) => [id, partitions.length]));
}

/** The assignor that most members ask for. */
export function assignorOf(group: ConsumerGroup, defaultAssignor: string): string {
  const votes = new Map<string, number>();
  for (const { assignor } of group.members.values()) {
    if (assignor !== null) votes.set(assignor, (votes.get(assignor) ?? 0) + 1);
  }
  let best = defaultAssignor;
  for (const [name, count] of votes) if (count > (votes.get(best) ?? 0)) best = name;
  return best;
}

/** The group with targets for its present epoch. */
export function withTargets(group: ConsumerGroup, rules: GroupRules): ConsumerGroup {
  const name = assignorOf(group, rules.defaultAssignor);
  const assign = ASSIGNORS.get(name) ?? ASSIGNORS.get(DEFAULT_ASSIGNOR);
  if (assign === undefined) throw new Error("there is no assignor");
  const subscribers = [...group.members.values()].map((member) => ({
    id: member.id,
    instanceId: member.instanceId,
    topics: subscribedTopics(member, rules),
    former: targetOf(group, member.id),
  }));
  const assigned: ReadonlyMap<string, PartitionMap> = assign(subscribers, group.topics);
  const targets = new Map([...assigned].filter(([, target]) => target.size > 0));
  return { ...group, assignmentEpoch: group.epoch, targets };
}

/** The group in its next epoch, without the member; targets are made when one of the others is heard of. */
export function removeMember(group: ConsumerGroup, memberId: string, rules: GroupRules): ConsumerGroup {
  const rest = withoutMember(group, memberId);
  return rest === group ? group : { ...rest, topics: topicsOf(rest, rules) };
}
