import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { offsetDelete as api } from "../protocol/messages/offset-delete.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageOutcome } from "./storage-failure.ts";

type TopicRequest = RequestOf<typeof api>["topics"][number];
type PartitionAnswer = ResponseOf<typeof api>["topics"][number]["partitions"][number];

interface TopicAnswer {
  readonly name: string;
  readonly partitions: readonly PartitionAnswer[];
}

/** OffsetDelete, version 0: offsets of topics that no present member of the group reads. */
export const offsetDelete: Handler = serve(api, async (request, context) => {
  const { groups, settings, access } = context;
  const { groupId } = request;
  if (!access.group(Operation.DELETE, groupId)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
  }
  const classic = groups.get(groupId);
  const isThere = classic !== undefined || groups.consumers.get(groupId) !== undefined;
  if (groupId === "") return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
  if (!isThere) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] };
  const isBusy = classic !== undefined && classic.members.size > 0;
  if (isBusy && classic.protocolType !== "consumer")
    return { errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] };
  const named = request.topics.map((topic) => split(topic, context));
  const answers = named.flatMap(({ name, possible }): TopicAnswer[] => {
    const errorCode = groups.isSubscribed(groupId, name)
      ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
      : ErrorCode.NONE;
    const partitions = possible.map((partitionIndex) => ({ partitionIndex, errorCode }));
    return partitions.length === 0 ? [] : [{ name, partitions }];
  });
  const refusals = named.flatMap(({ name, refused }): TopicAnswer[] =>
    refused === undefined ? [] : [{ name, partitions: refused }],
  );
  // Where nothing is refused a topic is answered as often as it is named; otherwise once, as in Apache Kafka.
  const told = refusals.length === 0 ? answers : merged([...refusals, ...answers]);
  const doomed = new Set(
    answers.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
        .map(({ partitionIndex }) => `${partitionIndex}:${name}`),
    ),
  );
  const remove = async (): Promise<ErrorCode> => {
    groups.offsets.remove(groupId, ({ topic, partition }) => doomed.has(`${partition}:${topic}`));
    await groups.flush();
    return ErrorCode.NONE;
  };
  const errorCode = await storageOutcome(settings, { group: groupId }, remove, "coordinator");
  return errorCode === ErrorCode.NONE ? { errorCode, topics: told } : { errorCode, topics: [] };
});

/** The partitions of a topic of which offsets may be deleted, and the others; undefined where all may. */
function split(
  { name, partitions }: TopicRequest,
  { topics, access }: RequestContext,
): {
  readonly name: string;
  readonly possible: readonly number[];
  readonly refused: readonly PartitionAnswer[] | undefined;
} {
  const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
  const refuse = (some: readonly number[], errorCode: ErrorCode) =>
    some.map((partitionIndex) => ({ partitionIndex, errorCode }));
  if (!access.topic(Operation.READ, name)) {
    return { name, possible: [], refused: refuse(indexes, ErrorCode.TOPIC_AUTHORIZATION_FAILED) };
  }
  // A topic that is not there is named in the answer even without partitions.
  const isThere = topics.get(name) !== undefined;
  const exists = (index: number): boolean => topics.partition(name, index) !== undefined;
  const possible = indexes.filter(exists);
  const missing = indexes.filter((index) => !exists(index));
  const isWhole = isThere && missing.length === 0;
  return {
    name,
    possible,
    refused: isWhole ? undefined : refuse(missing, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
  };
}

function merged(answers: readonly TopicAnswer[]): TopicAnswer[] {
  return [...Map.groupBy(answers, ({ name }) => name)].map(([name, all]) => ({
    name,
    partitions: all.flatMap(({ partitions }) => partitions),
  }));
}
