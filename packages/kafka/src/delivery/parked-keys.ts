import { murmur2 } from "../producer/partitioner.ts";

const BUCKETS = 1 << 16;

/** A key's bucket. The low bits of the hash are the same for all keys of a partition, so it takes high ones. */
export function keyBucket(key: Buffer): number {
  return Math.imul(murmur2(key), 0x9e3779b1) >>> 16;
}

/**
 * Which keys have unfinished records in the retry topics of one partition, in fixed memory however long the
 * backlog is. Per level and bucket of keys it holds the last offset; a key may have something there as long
 * as that offset is not below the first unfinished one. Where two keys share a bucket, one is parked without
 * need: that delays it and cannot break its order.
 */
export class ParkedKeys {
  readonly #levels: { last: Float64Array | null; max: number }[];

  /** `levels` counts the retry topics; level 1 is the first of them. */
  constructor(levels: number) {
    this.#levels = Array.from({ length: levels + 1 }, () => ({ last: null, max: -1 }));
  }

  /** A record of the key lies at this offset of a level. */
  note(level: number, key: Buffer, offset: number): void {
    const slot = this.#levels[level];
    if (slot === undefined) return;
    slot.last ??= new Float64Array(BUCKETS).fill(-1);
    const bucket = keyBucket(key);
    if (offset > (slot.last[bucket] ?? -1)) slot.last[bucket] = offset;
    if (offset > slot.max) slot.max = offset;
  }

  /**
   * The lowest level above `level` where the key may have an unfinished record; null where there is none.
   * `firstUnfinished` tells a level's first unfinished offset.
   */
  levelAbove(level: number, key: Buffer, firstUnfinished: (level: number) => number): number | null {
    for (let above = level + 1; above < this.#levels.length; above++) {
      const slot = this.#levels[above];
      if (slot === undefined || slot.last === null) continue;
      const unfinished = firstUnfinished(above);
      if (slot.max < unfinished) {
        slot.last = null;
        slot.max = -1;
      } else if ((slot.last[keyBucket(key)] ?? -1) >= unfinished) return above;
    }
    return null;
  }
}
