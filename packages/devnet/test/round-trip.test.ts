import { decodeSolanaBlock } from "@candlewick/decode";
import { type Swap, slot as slotOf } from "@candlewick/domain";
import { describe, expect, test } from "vitest";
import { type Chain, createChain, type TruthTrade } from "../src/index.ts";

const genesisUnixMs = 1_760_000_000_000;

function asTruth(swap: Swap): TruthTrade {
  const { position, tx, venue, program, pool, assetIn, assetOut, userIn, userOut, poolIn, poolOut, maker } =
    swap;
  return { position, tx, venue, program, pool, assetIn, assetOut, userIn, userOut, poolIn, poolOut, maker };
}

/** Decodes what the chain serves and compares every trade; returns how many there were. */
function compare(chain: Chain, fromIndex: number, slots: number): number {
  let trades = 0;
  for (let index = fromIndex; index < fromIndex + slots; index++) {
    const slot = chain.options.firstSlot + index;
    if (!chain.calendar.hasBlock(slot)) continue;
    const decoded = decodeSolanaBlock(Buffer.from(JSON.stringify(chain.blockAt(slot))), slotOf(slot));
    expect(decoded.swaps.map(asTruth)).toEqual(chain.truthOf(slot));
    expect(decoded.block.id).toBe(chain.calendar.hashOf(slot));
    trades += decoded.swaps.length;
  }
  return trades;
}

describe("the decoders find exactly the trades of the chain", () => {
  test.each(["one", "two", "three"])("seed %s", (seed) => {
    expect(compare(createChain({ genesisUnixMs, seed }), 0, 300)).toBeGreaterThan(2_000);
  });

  test("with many launches, completions and failures", () => {
    const chain = createChain({
      genesisUnixMs,
      seed: "launches",
      launchEverySlots: 20,
      failedTransactionRate: 0.5,
    });
    expect(compare(chain, 5_000, 200)).toBeGreaterThan(1_000);
  });

  test("with hundreds of trades in a block", () => {
    const chain = createChain({ genesisUnixMs, seed: "load", tradesPerSlot: 1_000, pairs: 2_000 });
    expect(compare(chain, 64, 3)).toBeGreaterThan(1_500);
  });

  test("with sandwiches, each of which is marked on both sides and not between", () => {
    const chain = createChain({ genesisUnixMs, seed: "sandwiches", sandwichRate: 0.2, tradesPerSlot: 20 });
    expect(compare(chain, 0, 50)).toBeGreaterThan(500);
    let clamped = 0;
    for (let slot = chain.options.firstSlot; slot < chain.options.firstSlot + 50; slot++) {
      if (!chain.calendar.hasBlock(slot)) continue;
      const { swaps } = decodeSolanaBlock(Buffer.from(JSON.stringify(chain.blockAt(slot))), slotOf(slot));
      const marked = swaps.filter(({ clamp }) => clamp);
      clamped += marked.length;
      for (const { pool, maker, assetIn, assetOut } of marked) {
        const same = marked.filter((other) => other.pool === pool && other.maker === maker);
        expect(same.some((other) => other.assetIn.mint === assetOut.mint)).toBe(true);
        expect(same.some((other) => other.assetIn.mint === assetIn.mint)).toBe(true);
      }
    }
    expect(clamped).toBeGreaterThan(100);
  });
});
