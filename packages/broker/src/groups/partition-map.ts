/** Partitions by topic id, the numbers of each topic in ascending order. A topic without partitions is not in it. */
export type PartitionMap = ReadonlyMap<string, readonly number[]>;

/** Partitions that a member holds, each with the epoch in which it was given to it. */
export type HeldPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>;

export const NO_PARTITIONS: PartitionMap = new Map();
export const NOTHING_HELD: HeldPartitions = new Map();

/** One name for one partition, for sets. */
export function partitionKey(topicId: string, partition: number): string {
  return `${topicId} ${partition}`;
}

export function partitionMap(entries: Iterable<readonly [topicId: string, partition: number]>): PartitionMap {
  const map = new Map<string, number[]>();
  for (const [topicId, partition] of entries) {
    const known = map.get(topicId);
    if (known === undefined) map.set(topicId, [partition]);
    else known.push(partition);
  }
  for (const partitions of map.values()) partitions.sort((a, b) => a - b);
  return map;
}

export function* partitionsOf(map: PartitionMap): Generator<readonly [topicId: string, partition: number]> {
  for (const [topicId, partitions] of map) for (const partition of partitions) yield [topicId, partition];
}

export function* heldPartitionsOf(
  held: HeldPartitions,
): Generator<readonly [topicId: string, partition: number, epoch: number]> {
  for (const [topicId, epochs] of held) {
    for (const [partition, epoch] of epochs) yield [topicId, partition, epoch];
  }
}

export function heldPartitions(
  entries: Iterable<readonly [topicId: string, partition: number, epoch: number]>,
): HeldPartitions {
  const held = new Map<string, Map<number, number>>();
  for (const [topicId, partition, epoch] of entries) {
    const known = held.get(topicId);
    if (known === undefined) held.set(topicId, new Map([[partition, epoch]]));
    else known.set(partition, epoch);
  }
  return held;
}

export function withoutEpochs(held: HeldPartitions): PartitionMap {
  const map = new Map<string, readonly number[]>();
  for (const [topicId, epochs] of held) {
    map.set(
      topicId,
      [...epochs.keys()].sort((a, b) => a - b),
    );
  }
  return map;
}

export function sameHoldings(a: HeldPartitions, b: HeldPartitions): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, epochs] of a) {
    const others = b.get(topicId);
    if (others?.size !== epochs.size) return false;
    for (const [partition, epoch] of epochs) if (others.get(partition) !== epoch) return false;
  }
  return true;
}

export function samePartitions(a: PartitionMap, b: PartitionMap): boolean {
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others?.length !== partitions.length) return false;
    if (!partitions.every((partition, index) => others[index] === partition)) return false;
  }
  return true;
}
