import { Operation } from "../auth/acl.ts";
import { AWAY_EPOCH, LEAVE_EPOCH } from "../groups/consumer-group.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { consumerGroupHeartbeat as api } from "../protocol/messages/consumer-group-heartbeat.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, serve } from "./handler.ts";

/** From this version on a member chooses its id itself. */
const OWN_MEMBER_ID_SINCE = 1;

/**
 * ConsumerGroupHeartbeat, versions 0 to 1: the group protocol of KIP-848, in which the broker assigns. Left out:
 * an interval between assignments (group.consumer.assignment.interval.ms); targets are made at once.
 */
export const consumerGroupHeartbeat: Handler = serve(api, async (request, context) => {
  const { version, groups, settings, clientId, clientHost, authentication, access } = context;
  const refuse = (errorCode: ErrorCode, errorMessage: string) => ({
    errorCode,
    errorMessage,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
  });
  if (!access.group(Operation.READ, request.groupId)) {
    return refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED, "The group may not be read.");
  }
  const hidden = request.subscribedTopicNames?.some((name) => !access.topic(Operation.DESCRIBE, name));
  if (hidden === true) return refuse(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "A topic may not be seen.");
  const problem = invalidity(request, version);
  if (problem !== undefined) return refuse(ErrorCode.INVALID_REQUEST, problem);
  const { serverAssignor } = request;
  if (serverAssignor !== null && !settings.groupConsumerAssignors.includes(serverAssignor)) {
    const offered = settings.groupConsumerAssignors.join(", ");
    return refuse(ErrorCode.UNSUPPORTED_ASSIGNOR, `There is no ${serverAssignor}; choose from ${offered}.`);
  }
  const answer = await groups.consumerHeartbeat(request.groupId, {
    memberId: request.memberId,
    memberEpoch: request.memberEpoch,
    instanceId: request.instanceId,
    rackId: request.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    topicNames: request.subscribedTopicNames,
    topicPattern: request.subscribedTopicRegex,
    assignor: serverAssignor,
    owned: request.topicPartitions,
    clientId,
    clientHost,
    user: authentication.user,
  });
  if (answer.kind === "refused") return refuse(answer.errorCode, answer.message);
  const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = answer;
  const topicPartitions = [...(assignment ?? [])].map(([topicId, partitions]) => ({ topicId, partitions }));
  return {
    errorCode: ErrorCode.NONE,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: assignment === null ? null : { topicPartitions },
  };
});

/** Why a request makes no sense by itself, whatever the group. */
function invalidity(request: RequestOf<typeof api>, version: number): string | undefined {
  const { memberId, memberEpoch, groupId, instanceId, rackId, topicPartitions } = request;
  const needsMemberId = version >= OWN_MEMBER_ID_SINCE || memberEpoch > 0 || memberEpoch === LEAVE_EPOCH;
  if (needsMemberId && memberId === "") return "A member has an id.";
  if (groupId === "") return "A group has a name.";
  if (instanceId === "") return "The id of an instance cannot be empty.";
  if (rackId === "") return "The name of a rack cannot be empty.";
  if (memberEpoch < AWAY_EPOCH) return `There is no epoch ${memberEpoch}.`;
  if (memberEpoch === AWAY_EPOCH && instanceId === null) return "Only an instance can leave for a while.";
  if (memberEpoch !== 0) return undefined;
  if (request.rebalanceTimeoutMs === -1) return "Whoever joins names its rebalance time-out.";
  if (topicPartitions === null || topicPartitions.length > 0) return "Whoever joins owns no partition.";
  const isSubscribed = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null;
  return isSubscribed ? undefined : "Whoever joins names the topics or a pattern for them.";
}
