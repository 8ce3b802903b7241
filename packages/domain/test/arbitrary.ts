import fc from "fast-check";
import { rawAmount, slot, type Trade, tradeId, USDC_MINT, WSOL_MINT } from "../src/index.ts";

/** Trades over few pairs, slots and blocks, so that buckets, ties and zero sides are met often. */
export const arbitraryTrade: fc.Arbitrary<Trade> = fc
  .record({
    slot: fc.integer({ min: 1000, max: 1400 }),
    fork: fc.integer({ min: 0, max: 5 }).map((n) => (n === 0 ? "B" : "A")),
    txIndex: fc.integer({ min: 0, max: 3 }),
    outer: fc.integer({ min: 0, max: 2 }),
    inner: fc.option(fc.integer({ min: 0, max: 2 })),
    pair: fc.constantFrom("PairOne", "PairTwo"),
    buy: fc.boolean(),
    baseAmount: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    tokenAmount: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    baseUsd: fc.option(fc.bigInt({ min: 1n, max: 400n * 10n ** 9n })),
  })
  .map((r) => ({
    block: { chain: "solana", id: `${r.fork}${r.slot}`, slot: slot(r.slot), time: 1_700_000_000 + r.slot },
    tx: `tx${r.txIndex}`,
    position: { slot: slot(r.slot), txIndex: r.txIndex, outer: r.outer, inner: r.inner, hop: 0 },
    venue: "PumpSwap",
    program: "program",
    pair: r.pair,
    side: r.buy ? "buy" : "sell",
    base: r.pair === "PairOne" ? { mint: WSOL_MINT, decimals: 9 } : { mint: USDC_MINT, decimals: 6 },
    token: { mint: "token", decimals: 6 },
    baseAmount: rawAmount(r.baseAmount),
    tokenAmount: rawAmount(r.tokenAmount),
    poolBaseAmount: rawAmount(r.baseAmount),
    poolTokenAmount: rawAmount(r.tokenAmount),
    baseReserve: null,
    tokenReserve: null,
    baseUsd: r.baseUsd,
    maker: "maker",
    recipient: null,
    routeId: null,
  }));

/** Sets of trades that are distinct by identity. */
export const distinctTrades: fc.Arbitrary<Trade[]> = fc.uniqueArray(arbitraryTrade, {
  selector: tradeId,
  maxLength: 60,
});
