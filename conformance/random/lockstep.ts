import { setTimeout as delay } from "node:timers/promises";
import { differences } from "../difference.ts";
import { normalise } from "../normalisation.ts";
import type { Observation } from "../session.ts";
import type { Side } from "../side.ts";
import { untilCalm } from "./calm.ts";
import { type Flight, Player } from "./player.ts";
import { ofThisRun, sight } from "./sight.ts";
import type { Step } from "./step.ts";

/** Where the two brokers part. */
export interface Disagreement {
  /** The place in the list of steps. */
  readonly at: number;
  readonly title: string;
  readonly request: unknown;
  readonly differences: readonly string[];
}

export interface Outcome {
  /** So many steps were answered alike: less than all of them where the two differ, or where chance has parted them. */
  readonly played: number;
  readonly disagreement: Disagreement | undefined;
}

/** What neither has answered after so long waits for something that a later step may bring. */
const PATIENCE_MS = 150;
/** What one has answered the other must answer, too. */
const LATE_MS = 5000;
/** What Apache Kafka does in the background after a step is waited for so often. */
const POLL_MS = 15;
const POLLS = 40;
const CONCURRENT_TRANSACTIONS = /"(errorCode|partitionErrorCode)":51\b/;
const WAITING = "no answer yet";

type Pair<T> = readonly [embedded: T, apache: T];

interface Waiting {
  readonly title: string;
  readonly flights: Pair<Flight>;
}

/** Sends steps to both brokers, one after another, and compares after each what they have said so far. */
export class Lockstep {
  readonly #players: Pair<Player>;
  readonly #seen: Pair<Observation[]> = [[], []];
  #waiting: Waiting[] = [];

  constructor(sides: Pair<Side>, prefix: string) {
    this.#players = [new Player(sides[0], prefix), new Player(sides[1], prefix)];
  }

  /** Runs the steps until the two differ. */
  async run(steps: readonly Step[]): Promise<Outcome> {
    try {
      for (const [at, step] of steps.entries()) {
        const title = `${step.api.name} ${step.version}`;
        const found = await this.#play(step, title);
        if (found.length === 0) continue;
        if (found.every(isArbitrary)) return { played: at, disagreement: undefined };
        const request = step.body(this.#players[0].world);
        return { played: at, disagreement: { at, title, request, differences: found } };
      }
      return { played: steps.length, disagreement: undefined };
    } finally {
      for (const player of this.#players) player.close();
    }
  }

  async #play(step: Step, title: string): Promise<readonly string[]> {
    for (let poll = 0; ; poll++) {
      const flights = await this.#fly(step);
      await this.#settle(step, flights);
      const arrivals = await this.#arrivals();
      const marks: Pair<number> = [this.#seen[0].length, this.#seen[1].length];
      this.#note(title, flights, step.isListing);
      for (const arrival of arrivals) this.#note(`${arrival.title} at last`, arrival.flights, false);
      const found = this.#differences();
      if (found.length === 0 || poll >= POLLS || !step.isRead) {
        if (flights.some((flight) => !flight.hasLanded)) this.#waiting.push({ title, flights });
        return found;
      }
      for (const side of [0, 1] as const) this.#seen[side].length = marks[side];
      await delay(POLL_MS);
    }
  }

  async #fly(step: Step): Promise<Pair<Flight>> {
    const ours = this.#players[0].begin(step);
    let flights: Pair<Flight> = [ours, this.#players[1].begin(step)];
    await landing(flights, PATIENCE_MS);
    if (isHalf(flights)) await landing(flights, LATE_MS);
    // Only Apache Kafka has transactions that are ended and not yet through.
    for (let poll = 0; poll < POLLS && isConcurrent(flights[1]) && !isConcurrent(ours); poll++) {
      await delay(POLL_MS);
      flights = [ours, this.#players[1].begin(step)];
      await landing(flights, LATE_MS);
    }
    return flights;
  }

  async #settle({ background }: Step, flights: Pair<Flight>): Promise<void> {
    if (background === undefined || flights.some((flight) => !flight.hasLanded)) return;
    // The embedded broker has done everything when it answers, but for what waits for a timer.
    if (background.kind === "leave") await untilCalm(this.#players[0], background);
    await untilCalm(this.#players[1], background);
  }

  /** What waited and is answered now, by both. */
  async #arrivals(): Promise<readonly Waiting[]> {
    const arrived: Waiting[] = [];
    for (const one of this.#waiting) {
      if (isHalf(one.flights)) await landing(one.flights, LATE_MS);
      if (one.flights.some((flight) => flight.hasLanded)) arrived.push(one);
    }
    this.#waiting = this.#waiting.filter((one) => !arrived.includes(one));
    return arrived;
  }

  #note(title: string, flights: Pair<Flight>, isListing: boolean): void {
    for (const side of [0, 1] as const) {
      const { world } = this.#players[side];
      const { hasLanded, answer } = flights[side];
      const told = isListing ? ofThisRun(answer, world) : answer;
      const step = hasLanded && isRefusal(answer) ? `${title} refused` : title;
      this.#seen[side].push({ step, seen: hasLanded ? sight(told, world) : WAITING });
    }
  }

  #differences(): readonly string[] {
    const [ours, theirs] = [0, 1].map((side) => {
      const player = this.#players[side === 0 ? 0 : 1];
      return normalise(this.#seen[side === 0 ? 0 : 1], player.world.side);
    });
    return differences(ours, theirs);
  }
}

/** Where Apache Kafka leaves something to the order of a hash map, of ids that it has drawn itself. */
const ARBITRARY = [
  // Who leads when the leader of a group is gone; whoever is refused is told nothing of that.
  /^\[JoinGroup \d+( at last)?\]\.seen\.(leader|memberId|members)/,
  // Who gets the partition that is left over. Where all have the same subscription, the list of behaviours compares it.
  /\.(assignment|targetAssignment)\.topicPartitions/,
];

/** A difference that is nobody's fault; what comes after in the run depends on it. */
function isArbitrary(difference: string): boolean {
  return ARBITRARY.some((pattern) => pattern.test(difference));
}

function isRefusal(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "errorCode" in answer && answer.errorCode !== 0;
}

/** One broker has answered and the other has not. */
function isHalf([one, other]: Pair<Flight>): boolean {
  return one.hasLanded !== other.hasLanded;
}

async function landing(flights: Pair<Flight>, patienceMs: number): Promise<void> {
  const over = new AbortController();
  const patience = delay(patienceMs, undefined, { signal: over.signal }).catch(() => {});
  await Promise.race([Promise.all(flights.map(({ landed }) => landed)), patience]);
  over.abort();
}

function isConcurrent({ hasLanded, answer }: Flight): boolean {
  return hasLanded && CONCURRENT_TRANSACTIONS.test(JSON.stringify(answer));
}
