const SEED = 0x9747b28c | 0;
const MIX = 0x5bd1e995;

/**
 * Java's `Utils.murmur2`: the 32-bit MurmurHash2 of the bytes with Kafka's seed, as a signed 32-bit number.
 * Everything is int32 arithmetic as in Java; a wider one gives other partitions for half of the keys.
 */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let index = 0; index < whole; index += 4) {
    let word = Math.imul(view.getInt32(index, true), MIX);
    word ^= word >>> 24;
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX);
  }
  if (length > whole) {
    let tail = 0;
    for (let index = length - 1; index >= whole; index--) tail = (tail << 8) | view.getUint8(index);
    hash = Math.imul(hash ^ tail, MIX);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MIX);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `partitions`, as Java's default partitioner chooses it. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
