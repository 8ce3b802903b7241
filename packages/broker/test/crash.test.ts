import { expect, test } from "vitest";
import { runCrashes } from "./crash/crash-run.ts";
import { kills } from "./crash/kills.ts";

// `npm run chaos -- broker --crashes 2000` does the same for longer.
test("nothing acknowledged is lost, doubled or uncovered over 15 kills", async () => {
  const { acknowledged } = await runCrashes(kills(), { seed: 20, crashes: 15 });
  expect(acknowledged).toBeGreaterThan(100);
}, 240_000);
