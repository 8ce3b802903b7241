import { clusterOperations, NO_OPERATIONS } from "../auth/access.ts";
import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { metadata as api } from "../protocol/messages/metadata.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import { NULL_UUID, type ResponseOf } from "../protocol/schema.ts";
import { LEADER_EPOCH } from "../storage/partition-log.ts";
import { ensureInternalTopic, isInternalTopic } from "../topics/internal-topics.ts";
import { isValidTopicName, type Topic } from "../topics/topic-store.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type TopicMetadata = ResponseOf<typeof api>["topics"][number];

/** Fields for topic ids are there from version 10 on, but may be used only from this version on. */
const IDS_SINCE = 12;
const NULL_NAMES_SINCE = 10;
const ALL_TOPICS_SINCE = 1;

/**
 * Metadata, versions 0 to 13. Asking for a topic by name creates it where that is allowed; as in Apache Kafka, the
 * request that does so is told that it is not there, and the next one finds it.
 */
export const metadata: Handler = serve(api, (request, context) => {
  const { settings, version, advertised, clusterId, topics, access } = context;
  if (version < ALL_TOPICS_SINCE && request.topics === null) throw new MalformedMessage("topics are null");
  if (version < NULL_NAMES_SINCE && request.topics?.some(({ name }) => name === null)) {
    throw new MalformedMessage("the name of a topic is null");
  }
  if (
    version < IDS_SINCE &&
    request.topics?.some(({ name, topicId }) => name === null || topicId !== NULL_UUID)
  ) {
    return refuseAll(request.topics, ErrorCode.INVALID_REQUEST);
  }
  const wanted = request.topics === null ? null : distinct(onlyIds(request.topics));
  // Neither a name nor an id: Apache Kafka stumbles over it.
  if (wanted?.some(({ name, topicId }) => name === null && topicId === NULL_UUID)) {
    return refuseAll(request.topics ?? [], ErrorCode.UNKNOWN_SERVER_ERROR);
  }
  const all = wanted === null || (version === 0 && wanted.length === 0);
  const found = all
    ? topics
        .all()
        .filter(({ name }) => access.topic(Operation.DESCRIBE, name))
        .map((topic) => describe(topic, settings.nodeId))
    : wanted.map(({ name, topicId }) =>
        name === null || topicId !== NULL_UUID
          ? byId(topicId, context)
          : byName(name, request.allowAutoTopicCreation, context),
      );
  return {
    brokers: [{ nodeId: settings.nodeId, host: advertised.host, port: advertised.port, rack: null }],
    clusterId,
    controllerId: settings.nodeId,
    topics: request.includeTopicAuthorizedOperations
      ? found.map((topic) => withOperations(topic, context))
      : found,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? clusterOperations(access)
      : NO_OPERATIONS,
  };
});

type Wanted = { readonly name: string | null; readonly topicId: string };

/** The answer to a request that makes no sense as a whole. */
function refuseAll(wanted: readonly Wanted[], errorCode: ErrorCode) {
  const topics = wanted.map(({ name, topicId }) => ({
    errorCode,
    name: name ?? "",
    topicId,
    partitions: [],
  }));
  return { brokers: [], clusterId: null, controllerId: -1, topics, errorCode };
}

function withOperations(topic: TopicMetadata, { access }: RequestContext): TopicMetadata {
  // What may be done with a name is told whether or not there is a topic of that name.
  if (topic.name === null || topic.errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED) return topic;
  return { ...topic, topicAuthorizedOperations: access.operations("topic", topic.name ?? "") };
}

/** Where any topic is asked for by its id, only ids count: Java sends an empty name, or another, beside them. */
function onlyIds(topics: readonly Wanted[]): readonly Wanted[] {
  const withIds = topics.filter(({ topicId }) => topicId !== NULL_UUID);
  return withIds.length > 0 ? withIds.map(({ topicId }) => ({ name: null, topicId })) : topics;
}

/** Each topic is described once, however often it is asked for. */
function distinct(topics: readonly Wanted[]): Wanted[] {
  return [...new Map(topics.map((topic) => [`${topic.topicId} ${topic.name}`, topic])).values()];
}

function byId(topicId: string, { topics, settings, access }: RequestContext): TopicMetadata {
  const topic = topics.getById(topicId);
  if (topic !== undefined && !access.topic(Operation.DESCRIBE, topic.name)) {
    return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name: null, topicId, partitions: [] };
  }
  if (topic !== undefined) return describe(topic, settings.nodeId);
  return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId, partitions: [] };
}

function byName(
  name: string,
  mayCreate: boolean,
  { topics, settings, access }: RequestContext,
): TopicMetadata {
  if (!access.topic(Operation.DESCRIBE, name)) return missing(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  const existing = topics.get(name);
  if (existing !== undefined) return describe(existing, settings.nodeId);
  if (!isValidTopicName(name)) return missing(name, ErrorCode.INVALID_TOPIC_EXCEPTION);
  const isCreated = mayCreate && settings.autoCreateTopics;
  const isCreator = access.cluster(Operation.CREATE) || access.topic(Operation.CREATE, name);
  if (isCreated && !isCreator) return missing(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  // A name that collides with another's is not created either; Apache Kafka says no more than that it is not there.
  if (!isCreated || topics.collision(name) !== undefined) {
    return missing(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  }
  try {
    if (isInternalTopic(name)) ensureInternalTopic(name, topics, settings);
    else topics.create(name, settings.numPartitions);
    return missing(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  } catch (error) {
    return missing(name, storageErrorCode(error, settings, { topic: name }));
  }
}

function missing(name: string, errorCode: ErrorCode): TopicMetadata {
  return { errorCode, name, topicId: NULL_UUID, isInternal: isInternalTopic(name), partitions: [] };
}

function describe(topic: Topic, nodeId: number): TopicMetadata {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((_log, partitionIndex) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
    })),
  };
}
