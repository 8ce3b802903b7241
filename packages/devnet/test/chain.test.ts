import { createHash } from "node:crypto";
import { isStable, VENUES, WSOL_MINT } from "@candlewick/domain";
import { describe, expect, test } from "vitest";
import { type Chain, createChain, DevnetError } from "../src/index.ts";

const genesisUnixMs = 1_760_000_000_000;

function bytesOf(chain: Chain, slot: number): string {
  return JSON.stringify(chain.blockAt(slot));
}

function slotsOf(chain: Chain, count: number): number[] {
  const { firstSlot } = chain.options;
  return Array.from({ length: count }, (_, i) => firstSlot + i).filter((slot) =>
    chain.calendar.hasBlock(slot),
  );
}

describe("a chain", () => {
  test("gives the same bytes from two instances, in any order of asking", () => {
    const [one, other] = [createChain({ genesisUnixMs }), createChain({ genesisUnixMs })];
    const slots = slotsOf(one, 80);
    const inOrder = new Map(slots.map((slot) => [slot, bytesOf(one, slot)]));
    const shuffled = slots.toSorted((a, b) => ((a * 7_919) % 151) - ((b * 7_919) % 151));
    for (const slot of shuffled) expect(bytesOf(other, slot)).toBe(inOrder.get(slot));
  });

  test("is another one with another seed", () => {
    const [one, other] = [createChain({ genesisUnixMs }), createChain({ genesisUnixMs, seed: "other" })];
    const { firstSlot } = one.options;
    expect(one.blockAt(firstSlot).blockhash).not.toBe(other.blockAt(firstSlot).blockhash);
    expect(bytesOf(one, firstSlot)).not.toBe(bytesOf(other, firstSlot));
  });

  test("does not change from one version of the program to the next without notice", () => {
    const chain = createChain({ genesisUnixMs, seed: "fixed" });
    const hash = createHash("sha256");
    for (const slot of slotsOf(chain, 40)) hash.update(bytesOf(chain, slot));
    // A node that restarts with a newer program must serve what it served before: change this only knowingly.
    expect(hash.digest("hex").slice(0, 16)).toBe("50c03fc8924aaf24");
  });

  test("links each block to the one before it", () => {
    const chain = createChain({ genesisUnixMs, skippedSlotRate: 0.2 });
    const [first, ...rest] = slotsOf(chain, 150);
    let [parentSlot, parent] = [first, chain.blockAt(first ?? 0)];
    for (const slot of rest) {
      const block = chain.blockAt(slot);
      expect(block.parentSlot).toBe(parentSlot);
      expect(block.previousBlockhash).toBe(parent.blockhash);
      expect(block.blockHeight).toBe(parent.blockHeight + 1);
      expect(block.blockTime).toBeGreaterThanOrEqual(parent.blockTime);
      [parentSlot, parent] = [slot, block];
    }
  });

  test("trades at every venue, with a price of SOL in nearly every block", () => {
    const chain = createChain({ genesisUnixMs });
    const slots = slotsOf(chain, 300);
    const trades = slots.map((slot) => chain.truthOf(slot));
    expect(new Set(trades.flat().map(({ venue }) => venue))).toEqual(new Set(VENUES));
    expect(trades.flat().length / slots.length).toBeGreaterThan(8);
    expect(trades.flat().length / slots.length).toBeLessThan(20);
    let priced = 0;
    for (const [i, block] of trades.entries()) {
      const seen = block.flatMap((trade) => {
        const [sol, dollars] = [trade.assetIn, trade.assetOut].toSorted((a) =>
          a.mint === WSOL_MINT ? -1 : 1,
        );
        if (sol?.mint !== WSOL_MINT || dollars === undefined || !isStable(dollars.mint)) return [];
        const solIn = trade.assetIn.mint === WSOL_MINT;
        const [lamports, micro] = solIn ? [trade.poolIn, trade.poolOut] : [trade.poolOut, trade.poolIn];
        return lamports < 10_000_000n ? [] : [(Number(micro) / Number(lamports)) * 1_000];
      });
      if (seen.length > 0) priced++;
      const wanted = chain.solUsdAt(slots[i] ?? 0);
      for (const price of seen) expect(Math.abs(price / wanted - 1)).toBeLessThan(0.03);
    }
    expect(priced / slots.length).toBeGreaterThan(0.8);
  });

  test("launches coins that trade, and moves completed ones to a pool", () => {
    const chain = createChain({ genesisUnixMs, launchEverySlots: 20, tradesPerSlot: 2 });
    const said = new Map<string, number>();
    for (const slot of slotsOf(chain, 800)) {
      for (const { meta } of chain.blockAt(slot).transactions) {
        for (const line of meta.logMessages) {
          const name = /Instruction: (Create|CreateV2|Migrate|CreatePool)$/.exec(line)?.[1];
          if (name !== undefined) said.set(name, (said.get(name) ?? 0) + 1);
        }
      }
    }
    expect((said.get("Create") ?? 0) + (said.get("CreateV2") ?? 0)).toBeGreaterThan(30);
    expect(said.get("Migrate")).toBeGreaterThan(2);
    expect(said.get("CreatePool")).toBe(said.get("Migrate"));
  });

  test("goes on for months without a price or a reserve out of bounds", () => {
    const chain = createChain({ genesisUnixMs });
    for (const index of [1_000_000, 50_000_000, 400_000_000]) {
      const slot = chain.calendar.lastBlockAt(chain.options.firstSlot + index);
      expect(chain.truthOf(slot).length).toBeGreaterThan(0);
      expect(chain.solUsdAt(slot)).toBeGreaterThan(50);
      expect(chain.solUsdAt(slot)).toBeLessThan(450);
    }
  });

  test("can be empty", () => {
    const chain = createChain({
      genesisUnixMs,
      tradesPerSlot: 0,
      votesPerBlock: 0,
      launchEverySlots: 1_000_000,
    });
    expect(chain.blockAt(chain.options.firstSlot).transactions).toEqual([]);
    expect(chain.truthOf(chain.options.firstSlot)).toEqual([]);
  });

  test("has no block where a slot was skipped, and none before its first slot", () => {
    const chain = createChain({ genesisUnixMs });
    const { firstSlot } = chain.options;
    const skipped = Array.from({ length: 200 }, (_, i) => firstSlot + i).find(
      (s) => !chain.calendar.hasBlock(s),
    );
    expect(chain.truthOf(skipped ?? 0)).toEqual([]);
    for (const slot of [skipped ?? 0, firstSlot - 1]) {
      expect(() => chain.blockAt(slot)).toThrow(expect.objectContaining({ code: "NO_BLOCK" }));
    }
  });

  test.each([
    { pairs: 3 },
    { slotMs: 0 },
    { tradesPerSlot: -1 },
    { skippedSlotRate: Number.NaN },
    { firstSlot: 1.5 },
    { seed: "x".repeat(201) },
  ])("refuses %j in one sentence", (options) => {
    expect(() => createChain({ genesisUnixMs, ...options })).toThrow(DevnetError);
    expect(() => createChain({ genesisUnixMs, ...options })).toThrow(/^devnet \w+ must be .*\.$/);
  });
});
