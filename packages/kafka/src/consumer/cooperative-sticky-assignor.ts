import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { ClassicAssignor, Subscriber } from "./classic-assignor.ts";

/**
 * Members keep what they hold as long as the loads come out even. A partition that changes hands is given to nobody
 * first: its holder sees that it is gone, gives it up and joins again, and only then it goes to its next holder. The
 * Java client and librdkafka do the same under this name.
 */
export const cooperativeStickyAssignor: ClassicAssignor = {
  name: "cooperative-sticky",
  isIncremental: true,
  assign(members, partitionCounts) {
    const holders = holdersOf(members, partitionCounts);
    const shares = new Shares(members);
    const free: TopicPartition[] = [];
    for (const partition of everyPartition(partitionCounts)) {
      const holder = holders.get(partitionName(partition));
      if (holder === undefined) free.push(partition);
      else shares.give(holder, partition);
    }
    for (const partition of free) shares.giveToLeast(partition);
    shares.even();
    return shares.without((memberId, name) => (holders.get(name) ?? memberId) !== memberId);
  },
};

/**
 * Who holds which partition, by `partitionName`: whoever says so of the newest generation. Where two say so of the
 * same one, neither can be believed.
 */
function holdersOf(
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, string> {
  const claims = new Map<string, { generationId: number; memberId: string | null }>();
  for (const { memberId, topics, owned, generationId } of members) {
    const subscribed = new Set(topics);
    for (const partition of owned) {
      const { topic } = partition;
      if (!subscribed.has(topic) || partition.partition >= (partitionCounts.get(topic) ?? 0)) continue;
      const name = partitionName(partition);
      const claim = claims.get(name);
      if (claim === undefined || claim.generationId < generationId)
        claims.set(name, { generationId, memberId });
      else if (claim.generationId === generationId) claim.memberId = null;
    }
  }
  const holders = new Map<string, string>();
  for (const [name, { memberId }] of claims) if (memberId !== null) holders.set(name, memberId);
  return holders;
}

function* everyPartition(partitionCounts: ReadonlyMap<string, number>): Generator<TopicPartition> {
  for (const [topic, count] of partitionCounts)
    for (let partition = 0; partition < count; partition++) yield { topic, partition };
}

/** What each member gets, while it is being worked out. */
class Shares {
  readonly #shares: ReadonlyMap<string, Map<string, TopicPartition>>;
  /** Who may read a topic, in the order of their ids, so that the result depends on nothing else. */
  readonly #readers = new Map<string, string[]>();

  constructor(members: readonly Subscriber[]) {
    this.#shares = new Map(members.map(({ memberId }) => [memberId, new Map()]));
    for (const { memberId, topics } of members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
      for (const topic of new Set(topics)) {
        const readers = this.#readers.get(topic);
        if (readers === undefined) this.#readers.set(topic, [memberId]);
        else readers.push(memberId);
      }
    }
  }

  give(memberId: string, partition: TopicPartition): void {
    this.#shares.get(memberId)?.set(partitionName(partition), partition);
  }

  giveToLeast(partition: TopicPartition): void {
    const least = this.#leastOf(partition.topic);
    if (least !== undefined) this.give(least, partition);
  }

  /** Moves partitions from those who have more to those who have less, until no move makes it more even. */
  even(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [memberId, share] of this.#shares) {
        for (const [name, partition] of share) {
          const least = this.#leastOf(partition.topic);
          if (least === undefined || this.#loadOf(memberId) - this.#loadOf(least) <= 1) continue;
          share.delete(name);
          this.give(least, partition);
          moved = true;
        }
      }
    }
  }

  /** The shares, less what is said to be withheld from a member for now. */
  without(isWithheld: (memberId: string, name: string) => boolean): Map<string, TopicPartition[]> {
    return new Map(
      [...this.#shares].map(([memberId, share]) => [
        memberId,
        [...share].filter(([name]) => !isWithheld(memberId, name)).map(([, partition]) => partition),
      ]),
    );
  }

  #leastOf(topic: string): string | undefined {
    const [first, ...others] = this.#readers.get(topic) ?? [];
    if (first === undefined) return undefined;
    return others.reduce((least, one) => (this.#loadOf(one) < this.#loadOf(least) ? one : least), first);
  }

  #loadOf(memberId: string): number {
    return this.#shares.get(memberId)?.size ?? 0;
  }
}
