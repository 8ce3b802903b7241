import type { TopicPartition } from "@candlewick/contracts";

/** A member of a group of the classic protocol as its leader sees it. */
export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** What it says that it holds, and the generation in which it got that; -1 where it does not say. */
  readonly owned: readonly TopicPartition[];
  readonly generationId: number;
}

/** How the leader of a group of the classic protocol shares partitions out. All members must name the same one. */
export interface ClassicAssignor {
  /** As groups agree on it. */
  readonly name: "range" | "cooperative-sticky";
  /** Whether members keep what they have while the group agrees anew, and give up only what goes to others. */
  readonly isIncremental: boolean;
  assign(
    members: readonly Subscriber[],
    partitionCounts: ReadonlyMap<string, number>,
  ): Map<string, TopicPartition[]>;
}
