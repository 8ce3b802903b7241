import { createChain } from "@candlewick/devnet";
import { VENUES } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { Tally } from "./comparison.ts";
import {
  BLOCK,
  BLOCK_SLOT,
  hasRecordedData,
  type Json,
  recorded,
  recordedTransactions,
} from "./recorded-data.ts";

const succeeded = (transaction: Json) => (transaction.meta as { err: unknown } | null)?.err === null;

/** A decoder that others wrote, over the same bytes: each difference has its explanation in docs/decoders.md. */
describe("the second opinion", () => {
  it("is explained over simulated blocks", () => {
    const chain = createChain({ genesisUnixMs: 1_760_000_000_000, seed: "opinion", launchEverySlots: 20 });
    const tally = new Tally();
    for (let index = 5_000; index < 5_080; index++) {
      const slot = chain.options.firstSlot + index;
      if (!chain.calendar.hasBlock(slot)) continue;
      for (const [txIndex, transaction] of chain.blockAt(slot).transactions.entries()) {
        if (succeeded(transaction as unknown as Json))
          tally.add(transaction as unknown as Json, slot, txIndex);
      }
    }
    expect(tally.unexplained).toEqual([]);
    expect(tally.swaps).toBeGreaterThan(500);
    const venues = new Set([...tally.counts.keys()].map((key) => key.split(":")[0]));
    expect(venues).toEqual(new Set(VENUES));
  });
});

describe.skipIf(!hasRecordedData)("the second opinion on recorded transactions", () => {
  it("is explained over the block", () => {
    const block = JSON.parse(recorded(BLOCK).toString()) as { transactions: Json[]; blockTime: number };
    const tally = new Tally();
    for (const [txIndex, transaction] of block.transactions.entries()) {
      if (succeeded(transaction)) tally.add(transaction, BLOCK_SLOT, txIndex);
    }
    expect(tally.unexplained).toEqual([]);
    expect(tally.swaps).toBe(28);
    // Programs of which we know no more than their names.
    expect(Object.fromEntries(tally.others)).toEqual({ SolFi: 1, Unknown: 1 });
  });

  it("is explained over the fifty", () => {
    const tally = new Tally();
    for (const [index, { result }] of recordedTransactions().entries()) {
      if (succeeded(result)) tally.add(result, 1, index);
    }
    expect(tally.unexplained).toEqual([]);
    expect(tally.swaps).toBe(20);
  });
});
