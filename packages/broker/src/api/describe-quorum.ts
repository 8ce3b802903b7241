import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeQuorum as api } from "../protocol/messages/describe-quorum.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

/** Where Apache Kafka keeps what its controllers agree on; the only thing that there is a quorum for. */
const METADATA_TOPIC = "__cluster_metadata";
/** Nobody was ever voted for but this broker, and that once. */
const LEADER_EPOCH = 1;
const REPLICA_SINCE = 2;

/** DescribeQuorum, versions 0 to 2: a quorum of this broker alone, which leads it and has everything. */
export const describeQuorum: Handler = serve(api, (request, context) => {
  if (!context.access.cluster(Operation.DESCRIBE)) {
    const errorMessage = "The cluster may not be seen.";
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage, topics: [], nodes: [] };
  }
  const [topic, another] = request.topics;
  const [partition, more] = topic?.partitions ?? [];
  const isMetadata = topic?.topicName === METADATA_TOPIC && partition?.partitionIndex === 0;
  if (isMetadata && another === undefined && more === undefined) return metadataQuorum(context);
  const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({ ...NOTHING, partitionIndex, errorCode })),
  }));
  return { errorCode: ErrorCode.NONE, topics, nodes: [] };
});

const NOTHING = { leaderId: 0, leaderEpoch: 0, highWatermark: 0, currentVoters: [], observers: [] };

function metadataQuorum({ settings, advertised, topics, clock, version }: RequestContext) {
  const { nodeId } = settings;
  // The log of Apache Kafka's controllers begins with what they are; here it is counted what has changed since.
  const logEndOffset = 1 + topics.revision;
  const nowMs = clock.nowMs();
  const voter = {
    replicaId: nodeId,
    logEndOffset,
    lastFetchTimestamp: nowMs,
    lastCaughtUpTimestamp: nowMs,
  };
  const partition = {
    ...NOTHING,
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: version >= REPLICA_SINCE ? "" : null,
    leaderId: nodeId,
    leaderEpoch: LEADER_EPOCH,
    highWatermark: logEndOffset,
    currentVoters: [voter],
  };
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: "",
    topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
    nodes: [{ nodeId, listeners: [{ name: "CONTROLLER", ...advertised }] }],
  };
}
