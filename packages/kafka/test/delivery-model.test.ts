import { describe, expect, it } from "vitest";
import { runSeed } from "./delivery-model/world.ts";

const SEEDS = 300;

describe("the delivery of records, in lockstep with a model", () => {
  it(`holds its promises under ${SEEDS} seeds of failures, rebalances, crashes and redrives`, () => {
    const sum = { applied: 0, repeated: 0, dead: 0, moves: 0, crashes: 0, losses: 0, redrives: 0 };
    for (let seed = 0; seed < SEEDS; seed++) {
      const outcome = runSeed(seed);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += outcome[name];
    }
    // The seeds are worth something only if all of this happens in them.
    for (const [name, count] of Object.entries(sum)) expect(count, name).toBeGreaterThan(100);
  });
});
