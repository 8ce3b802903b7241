import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "../program.ts";
import { expectSame, type Scenario, type Stage } from "./scenario.ts";

const KEYS = 100;
const ROUNDS = 6;
/** The application is killed while it is in the middle of these rounds. */
const KILLED_IN = new Set([1, 3]);

/** Kafka Streams counts every record once, although it is killed again and again. */
export const counting: Scenario = {
  name: "exactly once",
  title: "exactly_once_v2, killed twice",
  suits: ({ isStreams }) => isStreams === true,
  async run(stage) {
    const stateDir = mkdtempSync(join(tmpdir(), "candlewick-streams-"));
    try {
      await count(stage, stateDir);
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  },
};

async function count(stage: Stage, stateDir: string): Promise<void> {
  const [topic, counts, id] = [stage.name("words"), stage.name("counts"), stage.name("app")];
  await stage.session.createTopic(topic, 2);
  await stage.session.createTopic(counts);
  const begin = (): Program => stage.start("count", { topic, counts, id, stateDir });
  const reader = stage.start("consume", { topic: counts, until: "never", readCommitted: true });
  let app = begin();
  for (let round = 1; round <= ROUNDS; round++) {
    await stage.start("produce", { topic, codec: "none", prefix: `round-${round}`, count: KEYS }).done();
    if (!KILLED_IN.has(round)) continue;
    const before = (round - 1) * KEYS;
    await reader.until(`counts of round ${round}`, () => reader.values.length > before);
    app.kill();
    app = begin();
  }
  await reader.until("all counts", () => reader.values.length >= KEYS * ROUNDS);
  await app.stop();
  // What would be counted twice shows as a count that is too high, or comes again.
  expectSame("counts", reader.values.toSorted(), everyCount().toSorted());
}

function everyCount(): string[] {
  return Array.from({ length: KEYS }, (_, key) =>
    Array.from({ length: ROUNDS }, (_unused, round) => `${key}=${round + 1}`),
  ).flat();
}
