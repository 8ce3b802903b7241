import { handlers } from "../packages/broker/src/api/index.ts";
import { differences } from "./difference.ts";
import { normalise } from "./normalisation.ts";
import { exercised, Session } from "./session.ts";
import type { Side } from "./side.ts";
import { versionEnds } from "./version-ends.ts";

/** A behaviour: what to do with a broker. What the session sees there is compared between the two. */
export interface ConformanceCase {
  readonly area: string;
  readonly name: string;
  readonly run: (session: Session, topic: string) => Promise<void>;
}

export interface CaseResult {
  readonly area: string;
  readonly name: string;
  /** Empty where the two brokers agree. */
  readonly differences: readonly string[];
}

/** Cases of one area, from a table of names and what to do. */
export function area(
  name: string,
  table: Readonly<Record<string, ConformanceCase["run"]>>,
): ConformanceCase[] {
  return Object.entries(table).map(([caseName, run]) => ({ area: name, name: caseName, run }));
}

/** Runs one case on both sides at once and compares what they did. */
export async function runCase(
  { area: areaName, name, run }: ConformanceCase,
  sides: readonly [embedded: Side, apache: Side],
): Promise<CaseResult> {
  const topic = `${areaName}.${name}`.replaceAll(/[^a-zA-Z0-9.]+/g, "-").slice(0, 150);
  const [embedded, apache] = await Promise.all(sides.map((side) => observe(run, side, topic)));
  const failures = [embedded, apache].flatMap((seen) => (seen?.failure === undefined ? [] : [seen.failure]));
  const found = differences(embedded?.observations, apache?.observations);
  return { area: areaName, name, differences: [...failures, ...found] };
}

async function observe(
  run: ConformanceCase["run"],
  side: Side,
  topic: string,
): Promise<{ readonly observations: readonly unknown[]; readonly failure?: string }> {
  const session = Session.open(side);
  try {
    await run(session, topic);
    return { observations: normalise(session.observations, side) };
  } catch (error) {
    const failure = `${side.name}: ${error instanceof Error ? error.message : String(error)}`;
    return { observations: normalise(session.observations, side), failure };
  } finally {
    session.close();
  }
}

/** The ends of the served versions that no case has sent: there must be none. */
export function unexercised(): string[] {
  return [...handlers.values()].flatMap(({ api }) =>
    versionEnds(api)
      .filter((version) => !exercised.has(`${api.key}:${version}`))
      .map((version) => `${api.name} ${version}`),
  );
}
