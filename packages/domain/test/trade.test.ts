import { describe, expect, test } from "vitest";
import {
  nextSolPrice,
  ONE_USD,
  priceInBase,
  priceInUsd,
  rawAmount,
  type Swap,
  slot,
  tradeId,
  tradeOfSwap,
  USDC_MINT,
  USDT_MINT,
  WSOL_MINT,
} from "../src/index.ts";

const SOL = { mint: WSOL_MINT, decimals: 9 };
const USDC = { mint: USDC_MINT, decimals: 6 };
const USDT = { mint: USDT_MINT, decimals: 6 };
const MEME = { mint: "Meme", decimals: 6 };
const OTHER = { mint: "Other", decimals: 2 };

function swap(assetIn: Swap["assetIn"], userIn: bigint, assetOut: Swap["assetOut"], userOut: bigint): Swap {
  return {
    position: { slot: slot(9), txIndex: 1, outer: 2, inner: null, hop: 0 },
    tx: "sig",
    venue: "PumpSwap",
    program: "program",
    pool: "pool",
    assetIn,
    assetOut,
    userIn: rawAmount(userIn),
    userOut: rawAmount(userOut),
    poolIn: rawAmount(userIn),
    poolOut: rawAmount(userOut),
    reserveIn: rawAmount(11n),
    reserveOut: rawAmount(22n),
    quoteMint: "Other",
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}
const block = { chain: "solana", id: "hash", slot: slot(9), time: 100 } as const;

describe("the base side", () => {
  test.each([
    ["SOL before USDC", SOL, USDC, WSOL_MINT, "buy"],
    ["USDC before a token", MEME, USDC, USDC_MINT, "sell"],
    ["USDC before USDT", USDT, USDC, USDC_MINT, "sell"],
    ["the pool's quote side where nothing is listed", MEME, OTHER, "Other", "sell"],
  ])("%s", (_name, assetIn, assetOut, base, side) => {
    const trade = tradeOfSwap(swap(assetIn, 5n, assetOut, 7n), block, 150n * ONE_USD);
    expect([trade.base.mint, trade.side]).toEqual([base, side]);
    const buy = side === "buy";
    expect(trade.baseAmount).toBe(buy ? 5n : 7n);
    expect(trade.baseReserve).toBe(buy ? 11n : 22n);
  });
});

describe("prices", () => {
  test("in base units from the pool's amounts, volume from the user's", () => {
    const paid = { ...swap(SOL, 1_010_000_000n, MEME, 500_000_000n), poolIn: rawAmount(1_000_000_000n) };
    const trade = tradeOfSwap(paid, block, 150n * ONE_USD);
    expect(priceInBase(trade)).toBe(1 / 500);
    expect(priceInUsd(trade)).toBe(0.3);
    expect(trade.baseAmount).toBe(1_010_000_000n);
  });

  test("a stable is one dollar, an unlisted base is unknown, unknown SOL is null", () => {
    expect(priceInUsd(tradeOfSwap(swap(USDC, 3_000_000n, MEME, 1_000_000n), block, null))).toBe(3);
    expect(priceInUsd(tradeOfSwap(swap(MEME, 1n, OTHER, 1n), block, ONE_USD))).toBeNull();
    expect(priceInUsd(tradeOfSwap(swap(SOL, 1n, MEME, 1n), block, null))).toBeNull();
  });

  test("the identity of a trade names chain, block, transaction and path", () => {
    const one = tradeOfSwap(swap(SOL, 1n, MEME, 1n), block, null);
    expect(tradeId(one)).toBe("solana:hash:sig:2.-.0");
    expect(tradeId({ ...one, position: { ...one.position, inner: 0 } })).not.toBe(tradeId(one));
    expect(tradeId({ ...one, block: { ...block, id: "fork" } })).not.toBe(tradeId(one));
  });
});

describe("the price of SOL", () => {
  const at = (time: number | null) => ({ slot: 9, time });
  const priced = swap(SOL, 2_000_000_000n, USDC, 300_000_000n);

  test("is volume weighted over the block's own swaps, both directions", () => {
    const other = swap(USDT, 100_000_000n, SOL, 1_000_000_000n);
    expect(nextSolPrice(null, at(100), [priced, other])).toEqual({
      usd: 133_333_333_333n,
      slot: 9,
      time: 100,
    });
  });

  test("is carried on while fresh, unknown once too old, never made up", () => {
    const last = nextSolPrice(null, at(100), [priced]);
    expect(nextSolPrice(last, at(700), [])).toBe(last);
    expect(nextSolPrice(last, at(701), [])).toBeNull();
    expect(nextSolPrice(null, at(100), [])).toBeNull();
    expect(nextSolPrice(last, at(null), [priced])).toBeNull();
  });

  test("dust does not move a fresh price but is better than none", () => {
    const dust = swap(SOL, 14_047n, USDC, 1_486n);
    const last = nextSolPrice(null, at(100), [priced]);
    expect(nextSolPrice(last, at(101), [dust])).toBe(last);
    expect(nextSolPrice(null, at(101), [dust])?.usd).toBe(105_787_712_679n);
  });

  test("what rounding makes of a lamport is no price", () => {
    expect(nextSolPrice(null, at(100), [swap(SOL, 1n, USDC, 1_000_000_000n)])).toBeNull();
  });
});
