import { expect, test } from "vitest";
import { experiment } from "../chaos/ingest/experiment.ts";

test("no slot is forgotten, doubled or wrong, whatever fails and however often ingest is killed", async () => {
  const seed = String(Date.now());
  const report = await experiment({ slots: 250, kills: 3, rate: 0.05, seed, slotMs: 20 });
  const again = `npm run chaos -- ingest --slots 250 --kills 3 --seed ${seed} --slot-ms 20`;
  expect(report.differences, again).toEqual([]);
  expect(report, again).toMatchObject({ slots: 250, verified: true });
  expect(report.trades).toBeGreaterThan(300);
}, 400_000);
