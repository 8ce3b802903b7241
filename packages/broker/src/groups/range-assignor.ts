import type { Assignor, Subscriber } from "./assignor.ts";
import { type PartitionMap, partitionMap } from "./partition-map.ts";

/**
 * Gives each subscriber of a topic a run of neighbouring partitions, the first ones one more where they do not
 * come out even. Topics with as many partitions and the same subscribers are cut alike, so that what belongs
 * together by its key is read together.
 */
export const rangeAssignment: Assignor = (subscribers, topics) => {
  const found = new Map<string, (readonly [string, number])[]>(subscribers.map(({ id }) => [id, []]));
  for (const [topicId, count] of topics) {
    const readers = subscribers.filter((subscriber) => subscriber.topics.has(topicId)).sort(byName);
    let next = 0;
    for (const [index, { id }] of readers.entries()) {
      const share = Math.floor(count / readers.length) + (index < count % readers.length ? 1 : 0);
      for (let taken = 0; taken < share; taken++) found.get(id)?.push([topicId, next++]);
    }
  }
  return new Map<string, PartitionMap>([...found].map(([id, entries]) => [id, partitionMap(entries)]));
};

/** Static members before the others, by the name that stays when they come back. */
function byName(a: Subscriber, b: Subscriber): number {
  if (a.instanceId !== null && b.instanceId !== null) return a.instanceId < b.instanceId ? -1 : 1;
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return a.id < b.id ? -1 : 1;
}
