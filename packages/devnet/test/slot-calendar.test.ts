import fc from "fast-check";
import { expect, test } from "vitest";
import { chainOptions } from "../src/chain/options.ts";
import { SlotCalendar } from "../src/chain/slot-calendar.ts";
import { seedOf } from "../src/encoding/random.ts";

function calendarOf(seed: string, skippedSlotRate: number): SlotCalendar {
  const options = chainOptions({ genesisUnixMs: 1_700_000_000_000, seed, skippedSlotRate, firstSlot: 1_000 });
  return new SlotCalendar(seedOf(seed), options);
}

test("heights count the blocks, parents are the block before, and the rate of skips holds", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.double({ min: 0, max: 0.8, noNaN: true }), (seed, rate) => {
      const calendar = calendarOf(seed, rate);
      let parent = 999;
      let height = calendar.heightOf(1_000);
      let blocks = 0;
      expect(calendar.hasBlock(1_000)).toBe(true);
      for (let slot = 1_000; slot < 3_000; slot++) {
        expect(calendar.parentOf(slot)).toBe(parent);
        if (!calendar.hasBlock(slot)) continue;
        expect(calendar.heightOf(slot)).toBe(height++);
        parent = slot;
        blocks++;
      }
      expect(blocks).toBe(2_000 - Math.floor(2_000 * rate));
    }),
    { numRuns: 20 },
  );
});

test("nothing is before the first slot", () => {
  const calendar = calendarOf("x", 0.03);
  expect(calendar.hasBlock(999)).toBe(false);
  expect(calendar.hasBlock(-5)).toBe(false);
  expect(calendar.hasBlock(1_000.5)).toBe(false);
});

test("a slot is there when it has ended", () => {
  const calendar = calendarOf("x", 0);
  expect(calendar.endOf(1_005)).toBe(1_700_000_000_000 + 6 * 400);
  expect(calendar.slotAt(calendar.endOf(1_005))).toBe(1_005);
  expect(calendar.slotAt(calendar.endOf(1_005) - 1)).toBe(1_004);
  expect(calendar.timeOf(1_005)).toBe(1_700_000_002);
});
