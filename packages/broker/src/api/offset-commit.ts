import { Operation } from "../auth/acl.ts";
import type { MemberClaim } from "../groups/join-request.ts";
import type { OffsetKey } from "../groups/offset-store.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { offsetCommit as api } from "../protocol/messages/offset-commit.ts";
import { NULL_UUID, type RequestOf, type ResponseOf } from "../protocol/schema.ts";
import { together } from "./commit-answers.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type TopicAnswer = ResponseOf<typeof api>["topics"][number];
type PartitionRequest = RequestOf<typeof api>["topics"][number]["partitions"][number];

const MEMBER_EPOCH_SINCE = 9;
const TOPIC_IDS_SINCE = 10;

/**
 * OffsetCommit, versions 2 to 10: acknowledged when the offsets are on the disk; topics have ids in place of names in
 * the last one. Left out: a retention time per commit (versions 2 to 4 carry one), as in Kafka since 2.1; the broker's own applies.
 */
export const offsetCommit: Handler = serve(api, async (request, context) => {
  const { groups, clock, version, access } = context;
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request;
  // A group without a name may commit, as clients did that knew of no groups.
  const claim = { groupId, memberId, groupInstanceId, generationId };
  const isAllowed = access.group(Operation.READ, groupId);
  const wanted = request.topics.map((topic) => ({ ...topic, name: nameOf(topic, context) }));
  const refusal = isAllowed
    ? refusalOf(groups, groupId, claim, version) || lateError(wanted, claim, context)
    : ErrorCode.GROUP_AUTHORIZATION_FAILED;
  const committedMs = clock.nowMs();
  const topics = wanted.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map((partition) => {
      const unknown = isAllowed ? placeError(name, partition.partitionIndex, context) : ErrorCode.NONE;
      const errorCode = unknown || refusal || metadataError(partition, context);
      return { partition, errorCode };
    }),
  }));
  const accepted = topics.flatMap(({ name, partitions }) =>
    partitions
      .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
      .flatMap(({ partition }) =>
        name === undefined ? [] : [{ ...toCommit(name, partition), committedMs }],
      ),
  );
  // Whoever may commit has a group then, even if nothing is committed.
  const isAsked = topics.some(({ name, partitions }) =>
    partitions.some(
      ({ partition }) => placeError(name, partition.partitionIndex, context) === ErrorCode.NONE,
    ),
  );
  if (isAsked && refusal === ErrorCode.NONE) groups.ensure(groupId);
  const failure = await commit(groupId, accepted, context);
  const answers = topics.map(({ name = "", topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partition, errorCode }) => ({
      partitionIndex: partition.partitionIndex,
      errorCode: errorCode || failure,
    })),
  }));
  if (!isAllowed) return { topics: answers };
  const nameIn = ({ name = "", topicId = NULL_UUID }: TopicAnswer): string | undefined =>
    nameOf({ name, topicId }, context);
  const isTopic = (answer: TopicAnswer): boolean => {
    const name = nameIn(answer);
    return name !== undefined && access.topic(Operation.READ, name) && context.topics.get(name) !== undefined;
  };
  const isPlace = (answer: TopicAnswer, partition: number): boolean =>
    placeError(nameIn(answer), partition, context) === ErrorCode.NONE;
  return { topics: together(answers, { isTopic, isPlace }) };
});

type WantedTopic = Omit<RequestOf<typeof api>["topics"][number], "name"> & {
  /** Undefined where no topic has the id. */
  readonly name: string | undefined;
};

function nameOf(
  { name, topicId }: Pick<RequestOf<typeof api>["topics"][number], "name" | "topicId">,
  { version, topics }: RequestContext,
): string | undefined {
  return version >= TOPIC_IDS_SINCE ? topics.getById(topicId)?.name : name;
}

/** A commit of an epoch before is good for all its partitions or for none. */
function lateError(
  topics: readonly WantedTopic[],
  claim: MemberClaim & { readonly groupId: string },
  { groups }: RequestContext,
): ErrorCode {
  for (const { name, partitions } of topics) {
    if (name === undefined) continue;
    for (const { partitionIndex } of partitions) {
      const error = groups.partitionCommitError(claim.groupId, claim, name, partitionIndex);
      if (error !== ErrorCode.NONE) return error;
    }
  }
  return ErrorCode.NONE;
}

function refusalOf(
  groups: RequestContext["groups"],
  groupId: string,
  claim: MemberClaim,
  version: number,
): ErrorCode {
  const problem = groups.commitError(groupId, claim);
  const consumers = groups.consumers.get(groupId);
  if (consumers === undefined) {
    const isUnknown = problem === ErrorCode.ILLEGAL_GENERATION && groups.get(groupId) === undefined;
    return isUnknown && version >= MEMBER_EPOCH_SINCE ? ErrorCode.GROUP_ID_NOT_FOUND : problem;
  }
  // Members of the new protocol commit with their epochs, which older versions know nothing of.
  const member = consumers.members.get(claim.memberId);
  const isTooOld = member !== undefined && member.classic === null && version < MEMBER_EPOCH_SINCE;
  return isTooOld ? ErrorCode.UNSUPPORTED_VERSION : problem;
}

type Commit = OffsetKey & {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
};

function toCommit(topic: string, partition: PartitionRequest): Commit {
  return {
    topic,
    partition: partition.partitionIndex,
    offset: partition.committedOffset,
    leaderEpoch: partition.committedLeaderEpoch,
    metadata: partition.committedMetadata ?? "",
  };
}

/** What is wrong with the place, which is found out before the group is asked. */
function placeError(
  topic: string | undefined,
  partition: number,
  { topics, access }: RequestContext,
): ErrorCode {
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
  if (!access.topic(Operation.READ, topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return topics.partition(topic, partition) === undefined
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.NONE;
}

function metadataError(partition: PartitionRequest, { settings }: RequestContext): ErrorCode {
  const metadataBytes = Buffer.byteLength(partition.committedMetadata ?? "");
  return metadataBytes > settings.offsetMetadataMaxBytes
    ? ErrorCode.OFFSET_METADATA_TOO_LARGE
    : ErrorCode.NONE;
}

async function commit(
  groupId: string,
  offsets: readonly (Commit & { readonly committedMs: number })[],
  { groups, settings }: RequestContext,
): Promise<ErrorCode> {
  if (offsets.length === 0) return ErrorCode.NONE;
  try {
    groups.ensure(groupId);
    groups.offsets.commit(groupId, offsets);
    await groups.flush();
    return ErrorCode.NONE;
  } catch (error) {
    storageErrorCode(error, settings, { group: groupId });
    return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }
}
