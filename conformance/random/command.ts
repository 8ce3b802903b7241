import { parseArgs } from "node:util";
import { initProducerId } from "../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { apacheKafkaAvailable, KAFKA_VERSION } from "../apache-kafka.ts";
import { startSides } from "../run.ts";
import { prepareCalm } from "./calm.ts";
import { Player } from "./player.ts";
import { type Failure, type Sides, shrunken, trial } from "./trial.ts";

/** Steps of one run, of which the first make its topics. */
export const STEPS = 40;

/**
 * `npm run conformance -- random [--seeds 100] [--seed 1] [--steps 40]`: sends requests drawn from seeds to both
 * brokers and compares the answers. `--places 0,3,8` plays those steps of one seed's run only.
 */
export async function randomConformance(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      steps: { type: "string", default: String(STEPS) },
      places: { type: "string" },
    },
  });
  const reason = apacheKafkaAvailable();
  if (reason !== null) {
    console.error(`Cannot compare: ${reason}`);
    return 2;
  }
  const first = Number(values.seed);
  const places = values.places?.split(",").map(Number) ?? [...Array(Number(values.steps)).keys()];
  const seeds = values.places === undefined ? Number(values.seeds) : 1;
  console.log(`embedded broker and Apache Kafka ${KAFKA_VERSION}, ${seeds} seeds from ${first} on`);
  const sides = await startSides();
  try {
    await prepare(sides);
    const { failed, steps } = await runSeeds(sides, first, seeds, places);
    console.log(`${steps} steps compared, ${seeds - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

/** Makes both brokers ready for runs. */
export async function prepare([embedded, apache]: Sides): Promise<void> {
  const players = [new Player(embedded, ""), new Player(apache, "")] as const;
  await prepareCalm(players[1]);
  // The first producer id is 0, which also stands for none in some answers.
  await players[0].ask(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 });
  for (const player of players) player.close();
}

async function runSeeds(
  sides: Sides,
  first: number,
  count: number,
  places: readonly number[],
): Promise<{ readonly failed: number; readonly steps: number }> {
  let failed = 0;
  let steps = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { played, failure } = await trial(sides, seed, places).catch((error: unknown) => {
      throw new Error(`seed ${seed} did not come to its end`, { cause: error });
    });
    steps += played;
    if (failure === undefined) continue;
    failed++;
    console.log(told(await shrunken(sides, failure)));
  }
  return { failed, steps };
}

/** So many differences of one answer say enough. */
const TOLD = 12;

/** What to type to see it again, and what is seen. */
export function told({ seed, places, disagreement }: Failure): string {
  const { title, request, differences } = disagreement;
  return [
    `FAIL npm run conformance -- random --seed ${seed} --places ${places.join()}`,
    `     ${title} ${JSON.stringify(request)}`,
    ...differences.slice(0, TOLD).map((line) => `       ${line}`),
    ...(differences.length > TOLD ? [`       and ${differences.length - TOLD} more`] : []),
  ].join("\n");
}
