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
    const shares = new Shares(members, holders);
    const held: TopicPartition[] = [];
    const free: TopicPartition[] = [];
    for (const partition of everyPartition(partitionCounts))
      (holders.has(partitionName(partition)) ? held : free).push(partition);
    for (const partition of held) shares.keep(partition);
    for (const partition of free) shares.giveToLeast(partition);
    // What nobody holds moves first. Who holds something loses it only where the loads cannot be evened without. So
    // the join after this one, which finds free what is withheld here, comes to the same loads and moves nothing.
    shares.even();
    for (const partition of held) shares.release(partition);
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
  readonly #holders: ReadonlyMap<string, string>;
  /** How many partitions each member has. */
  readonly #loads: Map<string, number>;
  /** Those of them that may still move, by topic. */
  readonly #movable: ReadonlyMap<string, Map<string, TopicPartition[]>>;
  /** Who may read a topic, in the order of their ids, so that the result depends on nothing else. */
  readonly #readers = new Map<string, string[]>();

  constructor(members: readonly Subscriber[], holders: ReadonlyMap<string, string>) {
    this.#holders = holders;
    this.#loads = new Map(members.map(({ memberId }) => [memberId, 0]));
    this.#movable = new Map(members.map(({ memberId }) => [memberId, new Map()]));
    for (const { memberId, topics } of members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1)))
      for (const topic of new Set(topics)) listOf(this.#readers, topic).push(memberId);
  }

  /** Leaves a partition at its holder, whatever `even` does before it is released. */
  keep(partition: TopicPartition): void {
    this.#addLoad(this.#holderOf(partition), 1);
  }

  /** Lets `even` move a partition that was kept. */
  release(partition: TopicPartition): void {
    this.#add(this.#holderOf(partition), partition);
  }

  giveToLeast(partition: TopicPartition): void {
    const [first, ...others] = this.#readers.get(partition.topic) ?? [];
    if (first === undefined) return;
    const least = others.reduce((a, b) => (this.#loadOf(b) < this.#loadOf(a) ? b : a), first);
    this.#addLoad(least, 1);
    this.#add(least, partition);
  }

  /**
   * Moves partitions until the loads are as even as the subscriptions allow. One move at a time is not enough for
   * that: where a member can give only to one that is no better off, that one has to pass something on. So each member
   * gives along the paths by which something comes off the heaviest onto the lightest, until there is none: these are
   * the cost-reducing paths of semi-matchings (Harvey, Ladner, Lovász, Tamir: "Semi-matchings for bipartite graphs and
   * load balancing", 2006). A member from which none leads has none later either, as each path ends at the lightest.
   */
  even(): void {
    const givers = new Set(this.#loads.keys());
    for (let giver = this.#heaviestOf(givers); giver !== undefined; giver = this.#heaviestOf(givers))
      if (!this.#giveAlongPath(giver)) givers.delete(giver);
  }

  /** The shares, less what is said to be withheld from a member for now. */
  without(isWithheld: (memberId: string, name: string) => boolean): Map<string, TopicPartition[]> {
    return new Map(
      [...this.#movable].map(([memberId, share]) => [
        memberId,
        [...share.values()].flat().filter((partition) => !isWithheld(memberId, partitionName(partition))),
      ]),
    );
  }

  /** Takes one partition off a member's load and puts one onto the lightest that can be reached; false if none can. */
  #giveAlongPath(giver: string): boolean {
    const before = new Map<string, { memberId: string; topic: string }>();
    const asked = new Set<string>();
    const reached = [giver];
    let least = giver;
    for (const memberId of reached) {
      for (const topic of this.#movable.get(memberId)?.keys() ?? []) {
        if (asked.has(topic)) continue;
        asked.add(topic);
        for (const reader of this.#readers.get(topic) ?? []) {
          if (reader === giver || before.has(reader)) continue;
          before.set(reader, { memberId, topic });
          reached.push(reader);
          if (this.#loadOf(reader) < this.#loadOf(least)) least = reader;
        }
      }
    }
    if (this.#loadOf(giver) - this.#loadOf(least) <= 1) return false;
    for (let to = least, step = before.get(to); step !== undefined; to = step.memberId, step = before.get(to))
      this.#move(step.topic, step.memberId, to);
    this.#addLoad(giver, -1);
    this.#addLoad(least, 1);
    return true;
  }

  #move(topic: string, from: string, to: string): void {
    const share = this.#movable.get(from);
    const partitions = share?.get(topic) ?? [];
    const partition = partitions.pop();
    if (partition !== undefined) this.#add(to, partition);
    if (partitions.length === 0) share?.delete(topic);
  }

  /** What a member holds already goes to the front, so that it is the last to move. */
  #add(memberId: string, partition: TopicPartition): void {
    const share = this.#movable.get(memberId);
    if (share === undefined) return;
    const partitions = listOf(share, partition.topic);
    if (this.#holderOf(partition) === memberId) partitions.unshift(partition);
    else partitions.push(partition);
  }

  #heaviestOf(members: ReadonlySet<string>): string | undefined {
    let heaviest: string | undefined;
    for (const memberId of members)
      if (heaviest === undefined || this.#loadOf(memberId) > this.#loadOf(heaviest)) heaviest = memberId;
    return heaviest;
  }

  #holderOf(partition: TopicPartition): string {
    return this.#holders.get(partitionName(partition)) ?? "";
  }

  #loadOf(memberId: string): number {
    return this.#loads.get(memberId) ?? 0;
  }

  #addLoad(memberId: string, change: number): void {
    this.#loads.set(memberId, this.#loadOf(memberId) + change);
  }
}

function listOf<Value>(lists: Map<string, Value[]>, key: string): Value[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Value[] = [];
  lists.set(key, list);
  return list;
}
