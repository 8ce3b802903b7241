import { ErrorCode } from "../protocol/error-code.ts";
import type { ConsumerGroup } from "./consumer-group.ts";

/** Who commits or asks for offsets, and in which epoch it thinks that it is. */
export interface CommitClaim {
  readonly memberId: string;
  /** The member's epoch; minus one where it is no member. */
  readonly generationId: number;
}

/** Whether a commit to the group is allowed at all; a group that nobody is in takes commits from anyone. */
export function commitError(group: ConsumerGroup, claim: CommitClaim): ErrorCode {
  if (claim.generationId < 0 && group.members.size === 0) return ErrorCode.NONE;
  const member = group.members.get(claim.memberId);
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  if (claim.generationId <= member.epoch && claim.generationId >= 0) return ErrorCode.NONE;
  return member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION;
}

/**
 * Whether a member may commit for one partition. A commit that was under way while the epoch grew is good as
 * long as the member has had the partition since the epoch in which it was sent.
 */
export function partitionCommitError(
  group: ConsumerGroup,
  claim: CommitClaim,
  topicId: string,
  partition: number,
): ErrorCode {
  const member = group.members.get(claim.memberId);
  if (member === undefined || claim.generationId === member.epoch) return ErrorCode.NONE;
  const since = member.assigned.get(topicId)?.get(partition) ?? member.revoking.get(topicId)?.get(partition);
  if (since !== undefined && claim.generationId >= since) return ErrorCode.NONE;
  return member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION;
}

/** Whether the offsets of the group may be read by this one; whoever is no member says so and may. */
export function fetchError(group: ConsumerGroup, memberId: string | null, memberEpoch: number): ErrorCode {
  if (memberId === null && memberEpoch < 0) return ErrorCode.NONE;
  const member = group.members.get(memberId ?? "");
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  if (memberEpoch === member.epoch) return ErrorCode.NONE;
  return member.classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION;
}
