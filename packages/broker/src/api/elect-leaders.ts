import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { electLeaders as api } from "../protocol/messages/elect-leaders.ts";
import { type Handler, serve } from "./handler.ts";

/** The preferred leader, or any replica where there is no leader. */
const ELECTION_TYPES: ReadonlySet<number> = new Set([0, 1]);

/**
 * ElectLeaders, versions 0 to 2: this broker leads every partition that there is, so that no election is ever
 * needed. As in Kafka, who asks for all partitions is told only of those where something was to be done.
 */
export const electLeaders: Handler = serve(api, (request, { topics, access }) => {
  if (!access.cluster(Operation.ALTER)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, replicaElectionResults: [] };
  }
  // Where nothing is to be elected, the kind of the election is not looked at.
  if (request.topicPartitions?.length === 0) {
    return { errorCode: ErrorCode.NONE, replicaElectionResults: [] };
  }
  const asked = request.topicPartitions ?? topics.all().map(({ name }) => ({ topic: name, partitions: [] }));
  if (!ELECTION_TYPES.has(request.electionType)) {
    const errorCode = ErrorCode.INVALID_REQUEST;
    const refused = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId: number) => ({ partitionId, errorCode })),
    }));
    return { errorCode, replicaElectionResults: refused };
  }
  const replicaElectionResults = asked.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId: number) =>
      topics.partition(topic, partitionId) === undefined
        ? {
            partitionId,
            errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            errorMessage: `No such partition: ${topic}-${partitionId}.`,
          }
        : {
            partitionId,
            errorCode: ErrorCode.ELECTION_NOT_NEEDED,
            errorMessage: "The partition is led by the broker that should lead it.",
          },
    ),
  }));
  return { errorCode: ErrorCode.NONE, replicaElectionResults };
});
