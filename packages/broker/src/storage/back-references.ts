/** Bytes that stand there already: so many from `start` on are the same as those `distance` before them. */
export interface BackReference {
  readonly start: number;
  readonly distance: number;
  readonly length: number;
}

/** Shorter ones are not worth a reference, and LZ4 has none. */
const SHORTEST = 4;
const TABLE_BITS = 13;
const table = new Int32Array(1 << TABLE_BITS);

/**
 * Finds repetitions in a block, greedily, one after the other and none over another. None begins at `lastStart` or
 * later, none goes beyond `end`. The block is shorter than 64 KiB, so that every distance fits into two bytes.
 */
export function* backReferences(block: Buffer, lastStart: number, end: number): Generator<BackReference> {
  table.fill(-1);
  for (let at = 0; at < lastStart && at + SHORTEST <= end; ) {
    const slot = Math.imul(block.readInt32LE(at), 0x9e3779b1) >>> (32 - TABLE_BITS);
    const candidate = table[slot] ?? -1;
    table[slot] = at;
    if (candidate < 0 || block.readInt32LE(candidate) !== block.readInt32LE(at)) {
      at++;
      continue;
    }
    let length = SHORTEST;
    while (at + length < end && block[candidate + length] === block[at + length]) length++;
    yield { start: at, distance: at - candidate, length };
    at += length;
  }
}
