import { ErrorCode } from "../protocol/error-code.ts";
import {
  AWAY_EPOCH,
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerMember,
  staticMember,
  withSuccessor,
} from "./consumer-group.ts";
import type { HeldPartitions } from "./partition-map.ts";

export interface Refusal {
  readonly kind: "refused";
  readonly errorCode: ErrorCode;
  readonly message: string;
}

export function refused(errorCode: ErrorCode, message: string): Refusal {
  return { kind: "refused", errorCode, message };
}

/** Partitions as a request names them. */
export type TopicPartitions = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

/** Who a heartbeat says that it comes from. */
export interface Claim {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly owned: TopicPartitions | null;
}

/** A group in which the sender of a heartbeat is a member. */
export interface Admitted {
  readonly kind: "admitted";
  readonly group: ConsumerGroup;
  readonly member: ConsumerMember;
}

/** Finds the member that a heartbeat comes from, makes it one where it joins, or says why it is none. */
export function admit(group: ConsumerGroup, claim: Claim): Admitted | Refusal {
  return claim.instanceId === null ? admitDynamic(group, claim) : admitStatic(group, claim, claim.instanceId);
}

function admitDynamic(group: ConsumerGroup, claim: Claim): Admitted | Refusal {
  const known = group.members.get(claim.memberId);
  if (known !== undefined) return epochProblem(known, claim) ?? { kind: "admitted", group, member: known };
  if (claim.memberEpoch !== 0) return unknownMember(claim.memberId);
  return { kind: "admitted", group, member: newConsumerMember(claim.memberId) };
}

function admitStatic(group: ConsumerGroup, claim: Claim, instanceId: string): Admitted | Refusal {
  const known = staticMember(group, instanceId);
  if (claim.memberEpoch !== 0) {
    if (known === undefined) return unknownMember(instanceId);
    return staticClaimProblem(known, claim) ?? { kind: "admitted", group, member: known };
  }
  if (known === undefined) {
    const member = group.members.get(claim.memberId) ?? newConsumerMember(claim.memberId);
    return { kind: "admitted", group, member: { ...member, instanceId } };
  }
  // Even by the member itself: it comes back once it has gone away, or its session is over. One of the classic
  // protocol does not say that it goes away.
  if (known.epoch !== AWAY_EPOCH && known.classic === null) {
    return refused(ErrorCode.UNRELEASED_INSTANCE_ID, `Instance ${instanceId} is in use by ${known.id}.`);
  }
  const member = { ...known, id: claim.memberId, epoch: 0, previousEpoch: 0, classic: null };
  return { kind: "admitted", group: withSuccessor(group, known, member), member };
}

export function unknownMember(name: string): Refusal {
  return refused(ErrorCode.UNKNOWN_MEMBER_ID, `${name} is not a member of the group.`);
}

export function staticClaimProblem(known: ConsumerMember, claim: Claim): Refusal | undefined {
  if (known.id !== claim.memberId) {
    return refused(ErrorCode.FENCED_INSTANCE_ID, `Instance ${known.instanceId} is another member now.`);
  }
  return epochProblem(known, claim);
}

function epochProblem(member: ConsumerMember, claim: Claim): Refusal | undefined {
  const { memberEpoch, owned } = claim;
  // Epoch 0 begins anew, whatever the member was before.
  if (memberEpoch === 0 || memberEpoch === member.epoch) return undefined;
  // The answer with the newer epoch may have been lost; a member that owns nothing else can be told again.
  const isRepeated = memberEpoch === member.previousEpoch && isPartOf(owned, member.assigned);
  if (memberEpoch < member.epoch && isRepeated) return undefined;
  return refused(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `Epoch ${memberEpoch} is not the member's ${member.epoch}; it must give up all partitions and join again.`,
  );
}

function isPartOf(owned: TopicPartitions | null, assigned: HeldPartitions): boolean {
  if (owned === null) return false;
  return owned.every(({ topicId, partitions }) => {
    const held = assigned.get(topicId);
    return held !== undefined && partitions.every((partition) => held.has(partition));
  });
}
