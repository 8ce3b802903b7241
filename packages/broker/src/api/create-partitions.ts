import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { createPartitions as api } from "../protocol/messages/create-partitions.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type TopicRequest = RequestOf<typeof api>["topics"][number];

const MAX_PARTITIONS = 10_000;

/** CreatePartitions, versions 0 to 3: topics can only grow. */
export const createPartitions: Handler = serve(api, (request, context) => ({
  results: [...Map.groupBy(request.topics, ({ name }) => name)].map(([name, [asked, another]]) => {
    if (asked === undefined || another !== undefined) {
      return { name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "Duplicate topic name." };
    }
    const problem = problemOf(asked, context);
    if (problem !== undefined) return { name: asked.name, ...problem };
    const topic = context.topics.get(asked.name);
    try {
      if (topic !== undefined && !request.validateOnly) context.topics.addPartitions(topic, asked.count);
    } catch (error) {
      return {
        name: asked.name,
        errorCode: storageErrorCode(error, context.settings, { topic: asked.name }),
      };
    }
    return { name: asked.name, errorCode: ErrorCode.NONE };
  }),
}));

function problemOf(
  { name, count, assignments }: TopicRequest,
  { topics, settings, access }: RequestContext,
): { readonly errorCode: ErrorCode; readonly errorMessage: string } | undefined {
  if (!access.topic(Operation.ALTER, name)) {
    return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: "The topic may not be changed." };
  }
  const topic = topics.get(name);
  if (topic === undefined) {
    return {
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: "This server does not host this topic-partition.",
    };
  }
  const current = topic.partitions.length;
  if (count <= current || count > MAX_PARTITIONS) {
    const errorMessage = `Topic has ${current} partitions: ${count} must be more, and at most ${MAX_PARTITIONS}.`;
    return { errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage };
  }
  if (assignments === null) return undefined;
  const isHere = assignments.every(
    ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === settings.nodeId,
  );
  if (isHere && assignments.length === count - current) return undefined;
  return {
    errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    errorMessage: "Each new partition must be assigned to this broker.",
  };
}
