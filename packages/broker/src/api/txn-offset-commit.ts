import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { txnOffsetCommit as api } from "../protocol/messages/txn-offset-commit.ts";
import { type Handler, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageOutcome } from "./storage-failure.ts";

/** TxnOffsetCommit, versions 0 to 4: offsets that become good when the transaction commits. */
export const txnOffsetCommit: Handler = serve(api, async (request, context) => {
  const { groups, topics, transactions, clock, settings, access } = context;
  const { groupId, memberId, groupInstanceId, generationId } = request;
  // Older clients and producers outside the group give no member; they are not checked against it.
  const claim = { memberId, groupInstanceId, generationId };
  const isMember = generationId >= 0 || memberId !== "" || groupInstanceId !== null;
  const refusal = !access.transactionalId(Operation.WRITE, request.transactionalId)
    ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    : !access.group(Operation.READ, groupId)
      ? ErrorCode.GROUP_AUTHORIZATION_FAILED
      : groupId === ""
        ? ErrorCode.INVALID_GROUP_ID
        : isMember
          ? groups.commitError(groupId, claim)
          : ErrorCode.NONE;
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
      const errorCode =
        refusal || hidden || (isKnown ? problem || late : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
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
  if (offsets.length > 0) groups.ensure(groupId);
  const outcome =
    offsets.length === 0
      ? ErrorCode.NONE
      : await storageOutcome(
          settings,
          { group: groupId },
          () => transactions.addOffsets(request, groupId, offsets),
          "coordinator",
        );
  return {
    topics: checked.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, errorCode }) => ({
        partitionIndex,
        errorCode: errorCode || fencedCode(outcome, false),
      })),
    })),
  };
});
