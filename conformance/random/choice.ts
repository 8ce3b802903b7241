import type { Api } from "../../packages/broker/src/protocol/schema.ts";
import { seeded } from "../../packages/broker/test/seeded.ts";
import { OLDEST_IN_KAFKA } from "../version-ends.ts";

/** Draws the parts of one step: the same numbers always give the same step. */
export class Choice {
  readonly #random: () => number;

  constructor(seed: number, index: number) {
    this.#random = seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    // Neighbouring seeds begin alike.
    this.#random();
  }

  /** A whole number from 0 up to, without, the limit. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<const T>(...values: readonly [T, ...T[]]): T {
    const [first] = values;
    return values[this.below(values.length)] ?? first;
  }

  /** The usual value in most cases, else one of the others. */
  mostly<const T>(usual: T, ...others: readonly [T, ...T[]]): T {
    return this.chance(0.8) ? usual : this.pick(...others);
  }

  /** So many values as are drawn, from `least` to `most`. */
  several<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }

  /** A version that both brokers serve; the ends more often than what lies between them. */
  version(api: Api, least = api.minVersion): number {
    const oldest = Math.max(least, api.minVersion, OLDEST_IN_KAFKA[api.key] ?? 0);
    const between = oldest + this.below(api.maxVersion - oldest + 1);
    return this.pick(oldest, api.maxVersion, between);
  }
}
