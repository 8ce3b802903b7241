import { expect, test } from "vitest";
import { BlockAge } from "../src/block-age.ts";
import { noMetrics } from "../src/metrics.ts";
import { JumpingClock, MemoryLogger } from "./memory-ports.ts";

test.each([
  ["of now", 0, 100, []],
  ["an hour ahead", 3_600, 100, ["warn"]],
  ["an hour behind at the head", -3_600, 100, ["warn"]],
  ["an hour behind, far from the head", -3_600, 500, []],
])("a block %s", async (_name, aheadSeconds, head, told) => {
  const clock = new JumpingClock();
  const logger = new MemoryLogger();
  const ages: number[] = [];
  const age = new BlockAge(clock, logger, { ...noMetrics, blockAge: (seconds) => ages.push(seconds) });
  const now = Math.floor(clock.now() / 1000);
  for (let i = 0; i < 3; i++) age.settled(100, now + aheadSeconds, head);
  expect(logger.lines.map(({ level }) => level)).toEqual(told);
  expect(ages).toHaveLength(head === 100 ? 3 : 0);
  age.settled(100, now, 100);
  expect(logger.at("info")).toHaveLength(told.length);
});
