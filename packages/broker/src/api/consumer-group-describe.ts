import { NO_OPERATIONS } from "../auth/access.ts";
import { Operation } from "../auth/acl.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  consumerGroupState,
  targetOf,
} from "../groups/consumer-group.ts";
import {
  heldPartitions,
  heldPartitionsOf,
  type PartitionMap,
  withoutEpochs,
} from "../groups/partition-map.ts";
import { assignorOf } from "../groups/target-assignment.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { consumerGroupDescribe as api } from "../protocol/messages/consumer-group-describe.ts";
import type { ResponseOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

type Described = ResponseOf<typeof api>["groups"][number];

const MemberType = { CLASSIC: 0, CONSUMER: 1 } as const;

/** ConsumerGroupDescribe, versions 0 to 1: groups of the new protocol; others are not found here. */
export const consumerGroupDescribe: Handler = serve(api, (request, context) => ({
  groups: request.groupIds.map((groupId): Described => {
    const { access } = context;
    if (!access.group(Operation.DESCRIBE, groupId)) {
      return refused(groupId, ErrorCode.GROUP_AUTHORIZATION_FAILED, "The group may not be seen.");
    }
    if (groupId === "") return refused(groupId, ErrorCode.INVALID_GROUP_ID, "A group has a name.");
    const group = context.groups.consumers.get(groupId);
    if (group === undefined) {
      const isKnown = context.groups.get(groupId) !== undefined;
      const message = isKnown ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`;
      return refused(groupId, ErrorCode.GROUP_ID_NOT_FOUND, message);
    }
    if (!seesAllTopics(group, context)) {
      const message = "The group reads a topic that may not be seen.";
      return refused(groupId, ErrorCode.TOPIC_AUTHORIZATION_FAILED, message);
    }
    return {
      ...described(group, context),
      authorizedOperations: request.includeAuthorizedOperations
        ? access.operations("group", groupId)
        : NO_OPERATIONS,
    };
  }),
}));

/** Whether all topics that the members have, or are to have, may be seen. */
function seesAllTopics(group: ConsumerGroup, { access, topics }: RequestContext): boolean {
  const ids = [...group.members.values()].flatMap((member) => [
    ...member.assigned.keys(),
    ...targetOf(group, member.id).keys(),
  ]);
  return [...new Set(ids)].every((id) => {
    const topic = topics.getById(id);
    return topic === undefined || access.topic(Operation.DESCRIBE, topic.name);
  });
}

function refused(groupId: string, errorCode: ErrorCode, errorMessage: string): Described {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
  };
}

function described(group: ConsumerGroup, context: RequestContext): Described {
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.id,
    groupState: consumerGroupState(group),
    groupEpoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: assignorOf(group, context.groups.settings.consumer.defaultAssignor),
    members: [...group.members.values()].map((member) => memberOf(member, group, context)),
  };
}

function memberOf(
  member: ConsumerMember,
  group: ConsumerGroup,
  context: RequestContext,
): Described["members"][number] {
  // What it was told to give up is still its own.
  const held = heldPartitions([...heldPartitionsOf(member.assigned), ...heldPartitionsOf(member.revoking)]);
  return {
    memberId: member.id,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.epoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicPattern,
    assignment: assignmentOf(withoutEpochs(held), context),
    targetAssignment: assignmentOf(targetOf(group, member.id), context),
    memberType: member.classic === null ? MemberType.CONSUMER : MemberType.CLASSIC,
  };
}

/** Topics that are gone have no name and are passed over. */
function assignmentOf(partitions: PartitionMap, { topics }: RequestContext) {
  return {
    topicPartitions: [...partitions].flatMap(([topicId, numbers]) => {
      const topic = topics.getById(topicId);
      return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions: numbers }];
    }),
  };
}
