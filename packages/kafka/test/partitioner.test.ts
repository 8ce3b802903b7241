import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { murmur2, partitionOfKey } from "../src/index.ts";

/** Values of Java's `Utils.murmur2`, as its own tests and other clients publish them. */
const VECTORS: readonly (readonly [key: string, hash: number])[] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

describe("murmur2", () => {
  it.each(VECTORS)("of %s is Java's", (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it("of no bytes is Java's", () => {
    expect(murmur2(Buffer.alloc(0))).toBe(275646681);
  });

  it("is the 64-bit arithmetic cut to 32 bits, for all byte strings", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (key) => {
        expect(murmur2(key)).toBe(murmur2ByBigint(key));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads a view at any place of a larger buffer", () => {
    const whole = Buffer.from("xxfoobarxx");
    expect(murmur2(whole.subarray(2, 8))).toBe(-790332482);
  });
});

describe("the partition of a key", () => {
  it.each([
    ["21", 6, (-973932308 & 0x7fffffff) % 6],
    ["foobar", 12, (-790332482 & 0x7fffffff) % 12],
    ["abc", 15, 479470107 % 15],
  ])("of %s among %i takes the sign bit off, as Java's toPositive", (key, partitions, expected) => {
    expect(partitionOfKey(Buffer.from(key), partitions)).toBe(expected);
  });
});

/** The same function written another way: every step in unbounded integers, cut to 32 bits. */
function murmur2ByBigint(key: Uint8Array): number {
  const cut = (value: bigint): bigint => BigInt.asUintN(32, value);
  const mix = 0x5bd1e995n;
  let hash = cut(0x9747b28cn ^ BigInt(key.length));
  const word = (from: number, to: number): bigint =>
    key.slice(from, to).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let at = 0;
  for (; at + 4 <= key.length; at += 4) {
    let k = cut(word(at, at + 4) * mix);
    k ^= k >> 24n;
    hash = cut(hash * mix) ^ cut(k * mix);
  }
  if (at < key.length) hash = cut((hash ^ word(at, key.length)) * mix);
  hash ^= hash >> 13n;
  hash = cut(hash * mix);
  return Number(BigInt.asIntN(32, hash ^ (hash >> 15n)));
}
