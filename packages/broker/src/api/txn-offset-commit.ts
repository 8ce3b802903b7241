import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { txnOffsetCommit as api } from "../protocol/messages/txn-offset-commit.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { together } from "./commit-answers.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageErrorCode, storageOutcome } from "./storage-failure.ts";

/** From this version on a producer is told that it can abort and go on. */
const ABORTABLE_SINCE = 4;
/** From this version on the offsets bring their group into the transaction. */
const JOINS_SINCE = 5;

/** TxnOffsetCommit, versions 0 to 5: offsets that become good when the transaction commits. */
export const txnOffsetCommit: Handler = serve(api, async (request, context) => {
  const { groups, topics, transactions, clock, settings, access, version } = context;
  const { groupId, memberId, groupInstanceId, generationId } = request;
  // Older clients and producers outside the group give no member; they are not checked against it.
  const claim = { memberId, groupInstanceId, generationId };
  const isMember = generationId >= 0 || memberId !== "" || groupInstanceId !== null;
  const forbidden = !access.transactionalId(Operation.WRITE, request.transactionalId)
    ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    : access.group(Operation.READ, groupId)
      ? ErrorCode.NONE
      : ErrorCode.GROUP_AUTHORIZATION_FAILED;
  // Whoever may commit has a group then, even if nothing is committed.
  const isAsked = request.topics.some(
    ({ name, partitions }) =>
      access.topic(Operation.READ, name) &&
      partitions.some(({ partitionIndex }) => topics.partition(name, partitionIndex) !== undefined),
  );
  const mayJoin = version >= JOINS_SINCE && isAsked && forbidden === ErrorCode.NONE && groupId !== "";
  const ofTransaction = codeOf(
    mayJoin ? join(request, context) : transactions.offsetsError(request, groupId),
    version,
  );
  const ofGroup = isMember ? groups.commitError(groupId, claim) : ErrorCode.NONE;
  const refusal = groupId === "" ? ErrorCode.INVALID_GROUP_ID : ofTransaction || ofGroup;
  const committedMs = clock.nowMs();
  const checked = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => {
      const metadata = partition.committedMetadata ?? "";
      const isKnown = topics.partition(name, partition.partitionIndex) !== undefined;
      const isTooLarge = Buffer.byteLength(metadata) > settings.offsetMetadataMaxBytes;
      const problem = isTooLarge ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE;
      const late = isMember
        ? groups.partitionCommitError(groupId, claim, name, partition.partitionIndex)
        : ErrorCode.NONE;
      const hidden = access.topic(Operation.READ, name)
        ? ErrorCode.NONE
        : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      // Places are judged before the group is asked.
      const unknown = isKnown ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const errorCode = forbidden || hidden || unknown || refusal || problem || late;
      return { ...partition, metadata, errorCode };
    }),
  }));
  const offsets = checked.flatMap(({ name, partitions }) =>
    partitions
      .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
      .map(({ partitionIndex, committedOffset, committedLeaderEpoch, metadata }) => ({
        topic: name,
        partition: partitionIndex,
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata,
        committedMs,
      })),
  );
  if (isAsked && (forbidden || refusal) === ErrorCode.NONE) groups.ensure(groupId);
  const added =
    offsets.length === 0
      ? ErrorCode.NONE
      : await storageOutcome(
          settings,
          { group: groupId },
          () => transactions.addOffsets(request, groupId, offsets),
          "coordinator",
        );
  const outcome = codeOf(added, version);
  const answers = checked.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, errorCode }) => ({
      partitionIndex,
      errorCode: errorCode || outcome,
    })),
  }));
  if (forbidden !== ErrorCode.NONE) return { topics: answers };
  const known = {
    isTopic: ({ name }: { readonly name: string }) =>
      access.topic(Operation.READ, name) && topics.get(name) !== undefined,
    isPlace: ({ name }: { readonly name: string }, partition: number) =>
      topics.partition(name, partition) !== undefined,
  };
  return { topics: together(answers, known) };
});

/** Takes the group into the transaction; on the disk before the offsets are. */
function join(request: RequestOf<typeof api>, { transactions, settings }: RequestContext): ErrorCode {
  try {
    return transactions.joinGroup(request, request.groupId);
  } catch (error) {
    storageErrorCode(error, settings, { group: request.groupId });
    return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }
}

/** What the coordinator of transactions says, in the words of this API. */
function codeOf(errorCode: ErrorCode, version: number): ErrorCode {
  const isAbortable = errorCode === ErrorCode.INVALID_TXN_STATE && version >= ABORTABLE_SINCE;
  return isAbortable ? ErrorCode.TRANSACTION_ABORTABLE : fencedCode(errorCode, false);
}
