import { expect, test } from "vitest";
import { runCrashes } from "./crash/crash-run.ts";
import { powerCuts } from "./crash/power-cuts.ts";

// `npm run chaos -- broker --crashes 2000` does the same for longer.
test.each([1, 2, 3, 4])("nothing acknowledged or seen changes over 25 power cuts, seed %i", async (seed) => {
  const errors: string[] = [];
  const cradle = powerCuts((text) => errors.push(text));
  const { acknowledged } = await runCrashes(cradle, { seed, crashes: 25 });
  expect(acknowledged).toBeGreaterThan(250);
  // A torn write is a warning; damage that nothing explains would be an error.
  expect(errors).toEqual([]);
});
