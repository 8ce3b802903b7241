import type { TopicSpec } from "@candlewick/contracts";
import type { KafkaConnection } from "./connection.ts";

/** Looks after topics and offsets. Maps of offsets have `partitionName` as their key. */
export interface Admin {
  /** Creates what is missing and waits until it can be used; topics that exist are left as they are. */
  createTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; existing: string[] }>;
  listTopics(): Promise<string[]>;
  /** Throws UNKNOWN_TOPIC for a topic that does not exist. */
  describeTopics(topics: readonly string[]): Promise<{ name: string; partitions: number }[]>;
  /** Topics that do not exist are not an error. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** The first offset that each partition still has. */
  startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The offset that the next record of each partition will get. */
  endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** What the group has committed; only partitions where it has. */
  committedOffsets(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  close(): Promise<void>;
}

export declare function createAdmin(connection: KafkaConnection): Promise<Admin>;
