import fc from "fast-check";
import { expect, test } from "vitest";
import { type Resume, SlotTimes } from "../src/chain/slot-times.ts";

const SLOT_MS = 400;
const GENESIS: Resume = { slot: 1_000, unixMs: 5_000_000 };

/** Halts of some length, each after some slots. */
const resumes = fc
  .array(
    fc.record({ slots: fc.integer({ min: 1, max: 50 }), haltMs: fc.integer({ min: 0, max: 1_000_000 }) }),
    {
      maxLength: 4,
    },
  )
  .map((halts) => {
    let last = GENESIS;
    return halts.map(({ slots, haltMs }) => {
      last = { slot: last.slot + slots, unixMs: last.unixMs + slots * SLOT_MS + haltMs };
      return last;
    });
  });

test("a slot has ended when its time is over, whatever halts there were", () => {
  fc.assert(
    fc.property(resumes, fc.integer({ min: 0, max: 300 }), (halts, offset) => {
      const times = new SlotTimes(GENESIS, halts, SLOT_MS);
      const slot = GENESIS.slot + offset;
      const end = times.startOf(slot) + SLOT_MS;
      expect(times.slotAt(end)).toBe(slot);
      expect(times.slotAt(end - 1)).toBe(slot - 1);
    }),
  );
});

test("times and slots rise together", () => {
  fc.assert(
    fc.property(resumes, fc.integer({ min: 0, max: 300 }), (halts, offset) => {
      const times = new SlotTimes(GENESIS, halts, SLOT_MS);
      const slot = GENESIS.slot + offset;
      expect(times.startOf(slot + 1) - times.startOf(slot)).toBeGreaterThanOrEqual(SLOT_MS);
    }),
  );
});
