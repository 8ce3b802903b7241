import type { Settings } from "../options.ts";
import type { TopicStore } from "./topic-store.ts";

export const CONSUMER_OFFSETS = "__consumer_offsets";
export const TRANSACTION_STATE = "__transaction_state";

/** Topics of Kafka's own bookkeeping, which clients are told apart and may not write to. */
export type InternalTopic = typeof CONSUMER_OFFSETS | typeof TRANSACTION_STATE;

export function isInternalTopic(name: string): name is InternalTopic {
  return name === CONSUMER_OFFSETS || name === TRANSACTION_STATE;
}

/** What Apache Kafka sets on these topics when it creates them. */
const CONFIGS: Readonly<Record<InternalTopic, Readonly<Record<string, string>>>> = {
  [CONSUMER_OFFSETS]: {
    "cleanup.policy": "compact",
    "compression.type": "producer",
    "segment.bytes": "104857600",
  },
  [TRANSACTION_STATE]: {
    "cleanup.policy": "compact",
    "compression.type": "uncompressed",
    "min.insync.replicas": "1",
    "segment.bytes": "104857600",
    "unclean.leader.election.enable": "false",
  },
};

/** Creates an internal topic where it is not there yet. Throws where the disk refuses. */
export function ensureInternalTopic(
  name: InternalTopic,
  topics: TopicStore,
  { offsetsTopicPartitions, transactionTopicPartitions }: Settings,
): void {
  if (topics.get(name) !== undefined) return;
  const partitions = name === CONSUMER_OFFSETS ? offsetsTopicPartitions : transactionTopicPartitions;
  topics.create(name, partitions, Object.entries(CONFIGS[name]));
}
