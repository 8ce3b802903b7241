import type { SimulatedMember } from "./simulated-member.ts";
import type { World } from "./world.ts";

/**
 * A group whose members keep what stays theirs: a partition goes to its next owner when the one before has given it
 * up, or is in the group no more.
 */
export class IncrementalGroup {
  readonly #world: World;
  readonly #partitions: number;
  readonly #owners = new Map<number, SimulatedMember>();
  readonly #targets = new Map<number, SimulatedMember>();
  #rebalances = 0;

  constructor(world: World, partitions: number) {
    this.#world = world;
    this.#partitions = partitions;
  }

  /** Who is in the group has changed. */
  rebalance(members: readonly SimulatedMember[]): void {
    const { chance, time } = this.#world;
    const rebalance = ++this.#rebalances;
    const able = members.filter((member) => member.isInGroup && !member.isGoing);
    this.#targets.clear();
    for (let partition = 0; partition < this.#partitions; partition++) {
      const owner = this.#owners.get(partition);
      if (owner !== undefined && !owner.isInGroup) this.#owners.delete(partition);
      if (able.length === 0) continue;
      const stays = owner !== undefined && able.includes(owner) && chance.happens(0.6);
      this.#targets.set(partition, stays ? owner : chance.pick(able));
    }
    for (const [partition, owner] of [...this.#owners])
      if (this.#targets.get(partition) !== owner) owner.release([partition]);
    this.#handOver();
    time.in(this.#world.patienceMs(), () => {
      if (rebalance !== this.#rebalances) return;
      const late = new Set(this.#late());
      for (const member of late) this.#world.lose(member);
      if (late.size > 0) this.rebalance(members);
    });
  }

  /** A member has given partitions up. */
  released(member: SimulatedMember, partitions: readonly number[]): void {
    for (const partition of partitions)
      if (this.#owners.get(partition) === member) this.#owners.delete(partition);
    this.#handOver();
  }

  /** Those who hold what they should have given up. */
  #late(): SimulatedMember[] {
    return [...this.#owners]
      .filter(([partition, owner]) => owner.isInGroup && this.#targets.get(partition) !== owner)
      .map(([, owner]) => owner);
  }

  #handOver(): void {
    for (const [partition, member] of this.#targets) {
      if (this.#owners.has(partition) || !member.isInGroup || member.isGoing) continue;
      this.#owners.set(partition, member);
      member.take([partition]);
    }
  }
}
