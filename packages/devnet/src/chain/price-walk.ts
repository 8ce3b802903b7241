import { hash32, type Seed, TOPIC } from "../encoding/random.ts";

const SHORTEST_PERIOD = 8;
/** Bounds how far a price can go: a chain that runs for months still has believable ones. */
const LONGEST_PERIOD = 2 ** 17;
const STEP = 4;
/** Makes the spread of the sum about that of a random walk with the same deviation per slot. */
const AMPLITUDE = 0.9;

/**
 * The logarithm of a price at a point in time, relative to where it stood at index 0: noise whose waves
 * grow with the square root of their length looks like a random walk, and can be evaluated at any slot
 * without the slots before it.
 */
export function logWalk(seed: Seed, key: number, index: number, deviationPerSlot: number): number {
  return noise(seed, key, index, deviationPerSlot) - noise(seed, key, 0, deviationPerSlot);
}

function noise(seed: Seed, key: number, index: number, deviation: number): number {
  let sum = 0;
  let octave = 0;
  for (let period = SHORTEST_PERIOD; period <= LONGEST_PERIOD; period *= STEP) {
    const at = index / period;
    const left = Math.floor(at);
    const part = at - left;
    const weight = part * part * (3 - 2 * part);
    const a = lattice(seed, key, left, octave);
    const b = lattice(seed, key, left + 1, octave);
    sum += deviation * AMPLITUDE * Math.sqrt(period) * (a + (b - a) * weight);
    octave++;
  }
  return sum;
}

function lattice(seed: Seed, key: number, point: number, octave: number): number {
  return hash32(seed, TOPIC.walk, key * 16 + octave, point + 2 ** 40) / 0x8000_0000 - 1;
}
