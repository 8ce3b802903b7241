import { slot } from "@candlewick/domain";
import { describe, expect, test } from "vitest";
import type { Cursor } from "../src/ports.ts";
import { missingParent, settleBlock, settleFailure } from "../src/settlement.ts";
import { blockAt, linkedRules, sparseRules } from "./chain-model.ts";

const solPrice = { usd: 150_000_000_000n, slot: 90, time: 1_700_000_090 };
const last: Cursor = { slot: 99, blockId: "block-99", blockTime: 1_700_000_099, solPrice };

describe("the price of SOL", () => {
  test.each([
    { name: "is carried from the cursor", options: {}, usd: 150_000_000_000n, from: 90 },
    { name: "is told by the block itself", options: { dollars: 160 }, usd: 160_000_000_000n, from: 100 },
    { name: "is unknown when too old", options: { time: 1_700_009_999 }, usd: null, from: null },
  ])("$name", ({ options, usd, from }) => {
    const settled = settleBlock(last, blockAt(100, 99, options), 1, linkedRules);
    expect(settled.records.at(-1)).toMatchObject({ nativeUsd: usd, nativeUsdSlot: from });
    expect(settled.trades.at(-1)?.baseUsd ?? null).toBe(usd);
    expect(settled.cursor.solPrice?.usd ?? null).toBe(usd);
  });

  test("survives a block without time, whose swaps are counted and not published", () => {
    const settled = settleBlock(last, blockAt(100, 99, { time: null, swaps: 3, dollars: 1 }), 1, linkedRules);
    expect(settled.trades).toEqual([]);
    expect(settled.skipped).toEqual(new Map([["no-block-time", 3]]));
    expect(settled.records.at(-1)).toMatchObject({ status: "confirmed", tradeCount: 0, nativeUsd: null });
    expect(settled.cursor).toEqual({
      slot: 100,
      blockId: "block-100",
      blockTime: 1_700_000_099,
      solPrice,
    });
  });

  test("survives a slot that was given up, and is kept for when it comes", () => {
    const failed = { slot: slot(102), status: "failed", reason: "is broken", attempts: 4 } as const;
    const settled = settleFailure(last, failed, linkedRules, { proved: true });
    expect(settled.cursor).toEqual({ ...last, slot: 102, blockId: null });
    expect(settled.kept).toEqual(last);
    expect(settled.records.map((record) => [record.slot, record.status])).toEqual([
      [100, "skipped"],
      [101, "skipped"],
      [102, "failed"],
    ]);
    expect(settled.entries.at(-1)).toEqual({ ...failed, blockId: null });
  });

  test("says nothing of the slots before one that only its child shows", () => {
    const failed = { slot: slot(102), status: "missing", reason: "nobody has it", attempts: 1 } as const;
    const settled = settleFailure(last, failed, linkedRules, { proved: false });
    expect(settled.records.map((record) => [record.slot, record.status])).toEqual([[102, "failed"]]);
    const reason = "lies before a block that is missing";
    expect(settled.entries).toEqual([
      { slot: 100, status: "missing", attempts: 0, reason, blockId: null },
      { slot: 101, status: "missing", attempts: 0, reason, blockId: null },
      { ...failed, blockId: null },
    ]);
  });
});

describe("the link to the block before", () => {
  test.each([
    { name: "follows", block: blockAt(100, 99), mismatch: null },
    {
      name: "another parent in the same slot",
      block: forked(100, 99),
      mismatch: /parent in slot 99 is other/,
    },
    { name: "an older parent", block: blockAt(100, 97), mismatch: /parent is slot 97, but slot 99 holds/ },
    { name: "no parent known", block: blockAt(100, null), mismatch: null },
  ])("$name", ({ block, mismatch }) => {
    for (const rules of [linkedRules, sparseRules]) {
      const settled = settleBlock(last, block, 1, rules);
      if (mismatch === null) expect(settled.mismatch).toBeNull();
      else expect(settled.mismatch).toMatch(mismatch);
      expect(settled.entries.at(-1)?.reason).toBe(settled.mismatch);
    }
  });

  test("nothing is said where the block before is not known", () => {
    const unknown = { ...last, blockId: null };
    expect(settleBlock(unknown, blockAt(100, 97), 1, linkedRules).mismatch).toBeNull();
    expect(settleBlock(null, blockAt(100, 97), 1, linkedRules).mismatch).toBeNull();
  });

  test.each([
    { parent: 99, linked: null },
    { parent: 101, linked: 101 },
    { parent: 97, linked: null },
  ])("a parent in slot $parent leaves $linked to be looked for", ({ parent, linked }) => {
    const { block } = blockAt(103, parent);
    expect(missingParent(last, block, linkedRules)).toBe(linked);
    expect(missingParent(last, block, sparseRules)).toBeNull();
    expect(missingParent(null, block, linkedRules)).toBeNull();
  });

  test("the first block of a chain names itself as parent and has none", () => {
    const settled = settleBlock(null, blockAt(0, 0), 1, linkedRules);
    expect(settled.records).toMatchObject([{ slot: 0, parentSlot: null }]);
  });

  test("what lies between two recorded blocks is not known", () => {
    const settled = settleBlock(last, blockAt(200, 199), 1, sparseRules);
    expect(settled.records).toHaveLength(1);
    expect(settled.entries).toHaveLength(1);
    expect(settled.mismatch).toBeNull();
  });
});

function forked(at: number, parent: number) {
  const decoded = blockAt(at, parent);
  return { ...decoded, block: { ...decoded.block, parentId: "other" } };
}
