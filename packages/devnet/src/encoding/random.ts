import { createHash } from "node:crypto";

/** A seed of any text, as four words. */
export type Seed = readonly [number, number, number, number];

/** The words of a seed text: the start of its SHA-256. */
export function seedOf(text: string): Seed {
  const digest = createHash("sha256").update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/** What a stream of random numbers is for; streams of different topics have nothing in common. */
export const TOPIC = {
  skip: 1,
  plan: 2,
  walk: 3,
  transaction: 4,
  pool: 5,
  coin: 6,
  fault: 7,
  vote: 8,
  late: 9,
  lie: 10,
  fork: 11,
} as const;
export type Topic = (typeof TOPIC)[keyof typeof TOPIC];

/** A 32-bit hash of (seed, topic, a, b): the lattice of noise. `a` and `b` are whole numbers up to 2^53. */
export function hash32(seed: Seed, topic: Topic, a: number, b: number): number {
  let h = seed[0] ^ Math.imul(topic, 0x9e3779b1);
  h = mix(h, a);
  h = mix(h, Math.floor(a / 0x1_0000_0000));
  h = mix(h ^ seed[1], b);
  h = mix(h, Math.floor(b / 0x1_0000_0000));
  h ^= seed[2];
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function mix(h: number, word: number): number {
  const k = Math.imul(Math.imul(word | 0, 0xcc9e2d51) ^ h, 0x1b873593);
  const rotated = (k << 15) | (k >>> 17);
  return (Math.imul((h ^ rotated) >>> 0, 5) + 0xe6546b64) | 0;
}

/** A stream of random numbers: Chris Doty-Humphrey's sfc32. Only whole-number steps: the same on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The stream of (seed, topic, a, b). */
  constructor(seed: Seed, topic: Topic, a: number, b = 0) {
    this.#a = hash32(seed, topic, a, b);
    this.#b = seed[3] ^ (a | 0);
    this.#c = hash32(seed, topic, b, a) ^ seed[2];
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1), with 53 bits. */
  float(): number {
    return ((this.word() >>> 5) * 67_108_864 + (this.word() >>> 6)) / 9_007_199_254_740_992;
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.float() * count);
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** An exponent drawn evenly from [low, high], as a factor 10^x. */
  magnitude(low: number, high: number): number {
    return Math.exp(Math.LN10 * (low + (high - low) * this.float()));
  }

  /** One of the items. Throws a RangeError when there is none. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(this.word(), at);
    for (let at = length & ~3; at < length; at++) bytes[at] = this.word() & 0xff;
    return bytes;
  }
}
