import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import type { Coordinator, Generation } from "../cluster/coordinator.ts";
import { throwOnCode } from "../cluster/errors.ts";
import { groupByTopic } from "../cluster/offset-lookup.ts";
import type { CommittableOffset } from "../delivery/partition-delivery.ts";

/** The request in the version that a group's protocol wants. */
export type CommitRequest = typeof REQUEST.offsetCommit;

/** What a group has committed of a partition. */
export interface CommittedOffset {
  readonly next: bigint;
  readonly metadata: string | null;
}

/** Committed offsets with their metadata, by `partitionName`; only partitions where there are some. */
export async function committedOffsets(
  coordinator: Coordinator,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<Map<string, CommittedOffset>> {
  const topics = groupByTopic(partitions).map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
  const answer = await ask(await coordinator.link(), REQUEST.offsetFetch, [{ groupId, topics }], true);
  coordinator.check(answer.errorCode, "reading the offsets of");
  const offsets = new Map<string, CommittedOffset>();
  for (const topic of answer.topics) {
    for (const { partitionIndex, errorCode, committedOffset, metadata } of topic.partitions) {
      coordinator.check(errorCode, "reading the offsets of");
      if (committedOffset < 0n) continue;
      offsets.set(partitionName({ topic: topic.name, partition: partitionIndex }), {
        next: committedOffset,
        metadata: metadata ?? null,
      });
    }
  }
  return offsets;
}

/** Commits offsets with their metadata as a member of the group. Throws a BrokerError for one that is refused. */
export async function commitOffsets(
  coordinator: Coordinator,
  groupId: string,
  groupInstanceId: string | null,
  { memberId, generationId }: Generation,
  offsets: readonly CommittableOffset[],
  request: CommitRequest = REQUEST.offsetCommit,
): Promise<void> {
  const byName = new Map(offsets.map((offset) => [partitionName(offset), offset]));
  const topics = groupByTopic(offsets).map(([name, numbers]) => ({
    name,
    partitions: numbers.map((partitionIndex) => {
      const offset = byName.get(partitionName({ topic: name, partition: partitionIndex }));
      return {
        partitionIndex,
        committedOffset: BigInt(offset?.next ?? 0),
        committedLeaderEpoch: -1,
        committedMetadata: offset?.metadata ?? "",
      };
    }),
  }));
  const answer = await ask(
    await coordinator.link(),
    request,
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    topics,
  );
  for (const topic of answer.topics) {
    for (const { errorCode } of topic.partitions) {
      coordinator.check(errorCode, "committing the offsets of");
      throwOnCode(errorCode, `committing the offsets of ${topic.name}`);
    }
  }
}
