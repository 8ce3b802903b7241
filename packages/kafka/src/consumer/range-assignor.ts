import type { TopicPartition } from "@candlewick/contracts";
import type { ClassicAssignor, Subscriber } from "./classic-assignor.ts";

/** Whoever takes part gives up everything at each rebalance. */
export const rangeAssignor: ClassicAssignor = { name: "range", isIncremental: false, assign: assignRanges };

/**
 * Kafka's range assignment: the partitions of each topic in equal runs over the members in order of their
 * ids, the first ones getting one more where it does not divide. Partitions with the same number of topics
 * of the same size go to the same member.
 */
export function assignRanges(
  members: readonly Pick<Subscriber, "memberId" | "topics">[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  for (const [topic, count] of partitionCounts) {
    const readers = sorted.filter((member) => member.topics.includes(topic));
    let partition = 0;
    readers.forEach(({ memberId }, index) => {
      const share = Math.floor(count / readers.length) + (index < count % readers.length ? 1 : 0);
      for (let taken = 0; taken < share; taken++)
        assignment.get(memberId)?.push({ topic, partition: partition++ });
    });
  }
  return assignment;
}
