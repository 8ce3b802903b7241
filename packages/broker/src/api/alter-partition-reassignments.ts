import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { alterPartitionReassignments as api } from "../protocol/messages/alter-partition-reassignments.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";

/** AlterPartitionReassignments, versions 0 to 1: the only broker is where a partition can be, and where it is. */
export const alterPartitionReassignments: Handler = serve(api, (request, context) => {
  if (!context.access.cluster(Operation.ALTER)) {
    const errorMessage = "Partitions may not be reassigned.";
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage, responses: [] };
  }
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => ({
      partitionIndex,
      errorCode: errorOf(name, partitionIndex, replicas, context),
    })),
  }));
  return {
    allowReplicationFactorChange: request.allowReplicationFactorChange,
    errorCode: ErrorCode.NONE,
    responses,
  };
});

function errorOf(
  topic: string,
  partition: number,
  replicas: readonly number[] | null,
  { topics, settings }: RequestContext,
): ErrorCode {
  if (topics.partition(topic, partition) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (replicas === null) return ErrorCode.NO_REASSIGNMENT_IN_PROGRESS;
  const isHere = replicas.length === 1 && replicas[0] === settings.nodeId;
  return isHere ? ErrorCode.NONE : ErrorCode.INVALID_REPLICA_ASSIGNMENT;
}
