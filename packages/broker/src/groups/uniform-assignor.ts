import type { Assignor, Subscriber } from "./assignor.ts";
import { type PartitionMap, partitionKey, partitionMap, partitionsOf } from "./partition-map.ts";

type Partition = readonly [topicId: string, partition: number];

interface Share {
  readonly subscriber: Subscriber;
  readonly partitions: Map<string, Partition>;
}

/**
 * Gives everybody as many partitions as everybody else, as far as their subscriptions allow, and leaves as many
 * as possible where they were: nobody who may read a partition ends up with two or more fewer than its owner.
 */
export const uniformAssignment: Assignor = (subscribers, topics) => {
  const shares = new Map<string, Share>(
    subscribers.map((subscriber) => [subscriber.id, { subscriber, partitions: new Map() }]),
  );
  const readers = new Map<string, readonly Share[]>();
  for (const topicId of topics.keys()) {
    readers.set(
      topicId,
      [...shares.values()].filter(({ subscriber }) => subscriber.topics.has(topicId)),
    );
  }
  const taken = keepFormer(shares, topics);
  if (haveAllTheSameTopics(subscribers)) trim([...shares.values()], topics, taken);
  for (const [topicId, count] of topics) {
    for (let partition = 0; partition < count; partition++) {
      if (taken.has(partitionKey(topicId, partition))) continue;
      const least = leastLoaded(readers.get(topicId) ?? []);
      least?.partitions.set(partitionKey(topicId, partition), [topicId, partition]);
    }
  }
  level([...shares.values()], readers);
  return new Map<string, PartitionMap>(
    [...shares].map(([id, { partitions }]) => [id, partitionMap(partitions.values())]),
  );
};

/** Leaves everything with its former owner that is still there and still read by it. */
function keepFormer(shares: ReadonlyMap<string, Share>, topics: ReadonlyMap<string, number>): Set<string> {
  const taken = new Set<string>();
  for (const { subscriber, partitions } of shares.values()) {
    for (const [topicId, partition] of partitionsOf(subscriber.former)) {
      const key = partitionKey(topicId, partition);
      const exists = partition < (topics.get(topicId) ?? 0);
      if (!exists || !subscriber.topics.has(topicId) || taken.has(key)) continue;
      taken.add(key);
      partitions.set(key, [topicId, partition]);
    }
  }
  return taken;
}

function haveAllTheSameTopics(subscribers: readonly Subscriber[]): boolean {
  const [first] = subscribers;
  if (first === undefined) return false;
  return subscribers.every(
    ({ topics }) => topics.size === first.topics.size && [...topics].every((id) => first.topics.has(id)),
  );
}

/** Takes from everybody what is more than a fair share, in one go: levelling would come to the same, slower. */
function trim(shares: readonly Share[], topics: ReadonlyMap<string, number>, taken: Set<string>): void {
  const [first] = shares;
  if (first === undefined) return;
  let total = 0;
  for (const topicId of first.subscriber.topics) total += topics.get(topicId) ?? 0;
  const least = Math.floor(total / shares.length);
  let larger = total % shares.length;
  for (const { partitions } of shares) {
    const mayHaveMore = partitions.size > least && larger > 0;
    if (mayHaveMore) larger--;
    const surplus = [...partitions.keys()].slice(least + (mayHaveMore ? 1 : 0));
    for (const key of surplus) {
      partitions.delete(key);
      taken.delete(key);
    }
  }
}

function leastLoaded(shares: readonly Share[]): Share | undefined {
  let least: Share | undefined;
  for (const share of shares) {
    if (least === undefined || share.partitions.size < least.partitions.size) least = share;
  }
  return least;
}

/** Moves partitions from those who have more to those who have at least two fewer, until there is no such pair. */
function level(shares: readonly Share[], readers: ReadonlyMap<string, readonly Share[]>): void {
  // Each move makes the sum of squares smaller, so that this comes to an end.
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const share of [...shares].sort((a, b) => b.partitions.size - a.partitions.size)) {
      while (moveOne(share, readers)) hasMoved = true;
    }
  }
}

function moveOne(from: Share, readers: ReadonlyMap<string, readonly Share[]>): boolean {
  const asked = new Set<string>();
  // What somebody has got last he is the first to lose, as in Apache Kafka.
  for (const [key, partition] of [...from.partitions].reverse()) {
    const [topicId] = partition;
    if (asked.has(topicId)) continue;
    asked.add(topicId);
    const to = leastLoaded(readers.get(topicId) ?? []);
    if (to === undefined || to.partitions.size + 2 > from.partitions.size) continue;
    from.partitions.delete(key);
    to.partitions.set(key, partition);
    return true;
  }
  return false;
}
