import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Coordinator, Generation } from "../cluster/coordinator.ts";
import type { CommitRequest } from "./group-offsets.ts";
import type { GroupSession } from "./group-session.ts";

/** Whoever works on the partitions that a group gives to its member. */
export interface Holder {
  /** Whether this assignment can be worked on; where it cannot, the holder has left the group and seen to that. */
  accepts(partitions: readonly TopicPartition[]): Promise<boolean>;
  /** Further partitions are this member's. */
  take(partitions: readonly TopicPartition[]): void;
  /**
   * Partitions are this member's no longer. Resolves when nothing of them is in hand any more, and what was finished
   * is committed; also when the session has ended meanwhile.
   */
  release(partitions: readonly TopicPartition[]): Promise<void>;
}

/** This process's membership in a consumer group, in one of the protocols. */
export interface Membership {
  readonly coordinator: Coordinator;
  /** Whose commits are this member's, now. */
  readonly generation: Generation;
  readonly commitRequest: CommitRequest;
  /** Whether the group counts this process among its members, as far as is known. */
  readonly isMember: boolean;
  /**
   * Joins, and hands to the holder what the group gives and takes, until the session has ended; keeps the membership
   * alive until it is closed. Ends the session as "lost" when the group goes on without this member. Rejects with
   * what cannot pass by itself.
   */
  run(holder: Holder, session: GroupSession): Promise<void>;
  /** The subscription has changed. */
  resubscribe(): void;
  /** Leaves the group. A static member is expected back. */
  leave(): Promise<void>;
}

/** Those of the first that are not among the second. */
export function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): TopicPartition[] {
  const names = new Set(others.map(partitionName));
  return partitions.filter((partition) => !names.has(partitionName(partition)));
}
