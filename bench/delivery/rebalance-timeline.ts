import type { Finished } from "./rebalance-member.ts";

/** The longest times without progress in a stretch of time, in milliseconds. */
export interface Pauses {
  /** In which no member finished a record. */
  readonly groupMs: number;
  /** In which no record of some partition was finished: the worst partition. */
  readonly partitionMs: number;
}

/** What was finished in a group, when and in which order. */
export class RebalanceTimeline {
  readonly #finished: Finished[] = [];

  add(finished: readonly Finished[]): void {
    for (const one of finished) this.#finished.push(one);
  }

  /** The partitions in which something was finished at or after this time. */
  partitionsSince(sinceMs: number): Set<number> {
    return new Set(this.#finished.filter(([, , , atMs]) => atMs >= sinceMs).map(([partition]) => partition));
  }

  /** The longest pauses between two times; what was finished last before the first one begins a pause as well. */
  pauses(fromMs: number, toMs: number): Pauses {
    const ofPartition = Map.groupBy(this.#finished, ([partition]) => partition);
    const partitionMs = [...ofPartition.values()].map((finished) => longestPause(finished, fromMs, toMs));
    return { groupMs: longestPause(this.#finished, fromMs, toMs), partitionMs: Math.max(...partitionMs) };
  }

  /** How many different records were finished. */
  get records(): number {
    return new Set(this.#finished.map(nameOf)).size;
  }

  /**
   * Holds what was finished against the numbers of records that the partitions have. Returns how many came twice.
   * Throws for one that was skipped, and for one that was finished before an earlier one of its key.
   */
  judge(ends: ReadonlyMap<number, number>): number {
    const first = new Map<string, Finished>();
    for (const one of this.#finished.toSorted((a, b) => a[3] - b[3]))
      if (!first.has(nameOf(one))) first.set(nameOf(one), one);
    for (const [partition, end] of ends) {
      for (let offset = 0; offset < end; offset++)
        if (!first.has(`${partition}:${offset}`)) throw new Error(`${partition}:${offset} was skipped`);
    }
    for (const [key, records] of Map.groupBy(first.values(), ([, , name]) => name)) {
      const byOffset = records.toSorted((a, b) => a[1] - b[1]);
      byOffset.forEach(([partition, offset, , atMs], index) => {
        if (atMs < (byOffset[index - 1]?.[3] ?? 0))
          throw new Error(`${partition}:${offset} of ${key} was finished before an earlier record`);
      });
    }
    return this.#finished.length - first.size;
  }
}

function nameOf([partition, offset]: Finished): string {
  return `${partition}:${offset}`;
}

function longestPause(finished: readonly Finished[], fromMs: number, toMs: number): number {
  const times = finished
    .map(([, , , atMs]) => atMs)
    .filter((atMs) => atMs <= toMs)
    .sort((a, b) => a - b);
  let longest = 0;
  let before = times.findLast((atMs) => atMs <= fromMs) ?? fromMs;
  for (const atMs of [...times.filter((time) => time > fromMs), toMs]) {
    longest = Math.max(longest, atMs - before);
    before = atMs;
  }
  return longest;
}
