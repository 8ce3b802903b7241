import type { Api } from "../../packages/broker/src/protocol/schema.ts";
import { seeded } from "../../packages/broker/test/seeded.ts";
import { OLDEST_IN_KAFKA } from "../version-ends.ts";

/** The share of steps that may name the same twice. */
const REPEATING = 0.08;

/** Draws the parts of one step: the same numbers always give the same step. */
export class Choice {
  readonly #random: () => number;
  /** True in some steps, whose lists may name the same twice. */
  readonly #repeats: boolean;

  constructor(seed: number, index: number) {
    this.#random = seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    // Neighbouring seeds begin alike.
    this.#random();
    this.#repeats = seeded(Math.imul(seed + 1, 0xc2b2ae35) ^ Math.imul(index + 1, 0x27d4eb2f))() < REPEATING;
  }

  /** A whole number from 0 up to, without, the limit. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<const T extends readonly [unknown, ...unknown[]]>(...values: T): T[number] {
    return values[this.below(values.length)];
  }

  /** The usual value in most cases, else one of the others. */
  mostly<const T, const O extends readonly [unknown, ...unknown[]]>(usual: T, ...others: O): T | O[number] {
    return this.chance(0.8) ? usual : this.pick(...others);
  }

  /** So many values as are drawn, from `least` to `most`; in most steps nothing is named twice. */
  several<T>(least: number, most: number, make: () => T): T[] {
    const drawn = Array.from({ length: least + this.below(most - least + 1) }, make);
    if (this.#repeats) return drawn.flatMap((value) => (this.chance(0.3) ? [value, value] : [value]));
    return [...new Map(drawn.map((value, index) => [nameOf(value) ?? index, value])).values()];
  }

  /** A version that both brokers serve; the ends more often than what lies between them. */
  version(api: Api, least = api.minVersion): number {
    const oldest = Math.max(least, api.minVersion, OLDEST_IN_KAFKA[api.key] ?? 0);
    const between = oldest + this.below(api.maxVersion - oldest + 1);
    return this.pick(oldest, api.maxVersion, between);
  }
}

const NAMES = [
  "entityType",
  "name",
  "group",
  "feature",
  "partitionIndex",
  "partition",
  "index",
  "key",
] as const;

function nameOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const struct = value as Readonly<Record<string, unknown>>;
  const name = NAMES.find((one) => struct[one] !== undefined);
  return name === undefined ? undefined : struct[name];
}
