/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The key of a partition in maps: "sol-trades:3". A topic's name has no colon. */
export function partitionName(partition: TopicPartition): string {
  return `${partition.topic}:${partition.partition}`;
}

/** The partition that `partitionName` named. Throws a RangeError for any other text. */
export function parsePartitionName(name: string): TopicPartition {
  const match = /^([^:]+):(\d+)$/.exec(name);
  const topic = match?.[1];
  const partition = match?.[2];
  if (topic === undefined || partition === undefined) throw new RangeError(`${name} names no partition`);
  return { topic, partition: Number(partition) };
}
