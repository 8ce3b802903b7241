import type { Side } from "../side.ts";
import { type Disagreement, Lockstep } from "./lockstep.ts";
import { stepAt } from "./script.ts";

/** The steps of a run that two brokers answer differently. */
export interface Failure {
  readonly seed: number;
  readonly places: readonly number[];
  readonly disagreement: Disagreement;
}

export interface Trial {
  /** So many steps were answered alike. */
  readonly played: number;
  readonly failure: Failure | undefined;
}

/**
 * Each run has names of its own, so that it does not meet what others have left; they stand behind the names of all
 * runs before it.
 */
let runs = 0;
const DIGITS = 6;

export type Sides = readonly [embedded: Side, apache: Side];

/** Plays the steps at these places of a seed's run. */
export async function trial(sides: Sides, seed: number, places: readonly number[]): Promise<Trial> {
  const lockstep = new Lockstep(sides, `r${process.pid}n${String(++runs).padStart(DIGITS, "0")}-`);
  const { played, disagreement } = await lockstep.run(places.map((place) => stepAt(seed, place)));
  if (disagreement === undefined) return { played, failure: undefined };
  return { played, failure: { seed, places: places.slice(0, disagreement.at + 1), disagreement } };
}

/** Leaves out one step after another as long as a difference remains in the answer to the same request. */
export async function shrunken(sides: Sides, failure: Failure): Promise<Failure> {
  let least = failure;
  // From the end: what comes late depends on what came early.
  for (let at = least.places.length - 2; at >= 0; at--) {
    const places = least.places.toSpliced(at, 1);
    const { failure: found } = await trial(sides, failure.seed, places);
    const isSame = found?.disagreement.title === failure.disagreement.title;
    if (found !== undefined && isSame) {
      least = found;
      at = Math.min(at, least.places.length - 1);
    }
  }
  return least;
}
