import type { PartitionMap } from "./partition-map.ts";
import { rangeAssignment } from "./range-assignor.ts";
import { uniformAssignment } from "./uniform-assignor.ts";

/** A member as an assignor sees it. */
export interface Subscriber {
  readonly id: string;
  readonly instanceId: string | null;
  /** The ids of the topics that it reads; all of them exist. */
  readonly topics: ReadonlySet<string>;
  /** What it was to have so far. */
  readonly former: PartitionMap;
}

/** Spreads the partitions of `topics` (id to number of partitions) over those who read them. */
export type Assignor = (
  subscribers: readonly Subscriber[],
  topics: ReadonlyMap<string, number>,
) => Map<string, PartitionMap>;

/** The server-side assignors under Kafka's names; the first is the default. */
export const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ["uniform", uniformAssignment],
  ["range", rangeAssignment],
]);

export const DEFAULT_ASSIGNOR = "uniform";
