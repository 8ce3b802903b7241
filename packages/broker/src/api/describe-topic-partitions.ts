import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeTopicPartitions as api } from "../protocol/messages/describe-topic-partitions.ts";
import { NULL_UUID, type ResponseOf } from "../protocol/schema.ts";
import { LEADER_EPOCH } from "../storage/partition-log.ts";
import { isInternalTopic } from "../topics/internal-topics.ts";
import { isValidTopicName } from "../topics/topic-store.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

type Topic = ResponseOf<typeof api>["topics"][number];
type Cursor = { readonly topicName: string; readonly partitionIndex: number };

/** The largest number of partitions in one answer, whatever the client asks for, as in Kafka. */
const MAX_PARTITIONS = 2000;

/** DescribeTopicPartitions, version 0: topics in the order of their names, in pages. */
export const describeTopicPartitions: Handler = serve(api, (request, context) => {
  const { cursor } = request;
  const asked = request.topics.map(({ name }) => name);
  const all =
    asked.length > 0
      ? [...new Set(asked)]
      : context.topics
          .all()
          .map(({ name }) => name)
          .filter((name) => context.access.topic(Operation.DESCRIBE, name));
  const isAsked = asked.length === 0 || cursor === null || asked.includes(cursor.topicName);
  if (!isAsked || (cursor !== null && cursor.partitionIndex < 0)) {
    return { topics: asked.sort().map(refused), nextCursor: null };
  }
  const names = all.sort().filter((name) => cursor === null || name >= cursor.topicName);
  if (cursor === null && names.includes("")) {
    // Apache Kafka takes a topic without a name for the one of the cursor, and stumbles where there is no cursor.
    const errorCode = ErrorCode.UNKNOWN_SERVER_ERROR;
    return { topics: asked.sort().map((name) => ({ ...refused(name), errorCode })), nextCursor: null };
  }
  const isVisible = (name: string): boolean => context.access.topic(Operation.DESCRIBE, name);
  let left = Math.min(Math.max(1, request.responsePartitionLimit), MAX_PARTITIONS);
  const topics: Topic[] = [];
  let nextCursor: Cursor | null = null;
  for (const topicName of names.filter(isVisible)) {
    const first = cursor !== null && cursor.topicName === topicName ? cursor.partitionIndex : 0;
    if (left === 0) {
      nextCursor = { topicName, partitionIndex: first };
      break;
    }
    const topic = describe(topicName, first, left, context);
    topics.push(topic);
    left -= topic.partitions.length;
    const next = first + topic.partitions.length;
    const isWhole = topic.errorCode !== ErrorCode.NONE;
    if (!isWhole && next < (context.topics.get(topicName)?.partitions.length ?? 0)) {
      nextCursor = { topicName, partitionIndex: next };
      break;
    }
  }
  // What is hidden takes no room in a page.
  const hidden = names.filter((name) => !isVisible(name)).map((name) => describe(name, 0, 0, context));
  return { topics: [...topics, ...hidden], nextCursor };
});

/** Where the cursor is not one that could have come with an answer to these topics. */
function refused(name: string): Topic {
  return { errorCode: ErrorCode.INVALID_REQUEST, name, topicId: NULL_UUID, partitions: [] };
}

function describe(
  name: string,
  first: number,
  limit: number,
  { topics, settings, access }: RequestContext,
): Topic {
  if (!access.topic(Operation.DESCRIBE, name)) {
    const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return { errorCode, name, topicId: NULL_UUID, partitions: [] };
  }
  const topic = topics.get(name);
  if (topic === undefined) {
    const errorCode = isValidTopicName(name)
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.INVALID_TOPIC_EXCEPTION;
    const topicAuthorizedOperations = access.operations("topic", name);
    return { errorCode, name, topicId: NULL_UUID, partitions: [], topicAuthorizedOperations };
  }
  const nodes = [settings.nodeId];
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: topic.id,
    isInternal: isInternalTopic(name),
    partitions: topic.partitions.slice(first, first + limit).map((_log, index) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex: first + index,
      leaderId: settings.nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: nodes,
      isrNodes: nodes,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: access.operations("topic", name),
  };
}
