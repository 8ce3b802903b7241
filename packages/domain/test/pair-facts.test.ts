import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pairFacts, priceInUsd, rawAmount, slot, USDC_MINT, valueOfSupply, WSOL_MINT } from "../src/index.ts";
import { arbitraryTrade } from "./arbitrary.ts";

const pair = { base: { mint: WSOL_MINT, decimals: 9 }, token: { mint: "coin", decimals: 6 } };

describe("facts of a pair", () => {
  test("are null where nothing is known, but for symbols that are known by address", () => {
    expect(pairFacts(pair, { base: null, token: null, created: null })).toEqual({
      baseSymbol: "SOL",
      tokenSymbol: null,
      tokenName: null,
      tokenSupply: null,
      createdSlot: null,
      createdTime: null,
    });
  });

  test("come from the tokens and the creation; a claim never renames a known mint", () => {
    const fake = { mint: USDC_MINT, decimals: 6, name: "Fake", symbol: "FAKE", supply: null };
    const coin = { mint: "coin", decimals: 6, name: "A coin", symbol: "COIN", supply: rawAmount(10n ** 15n) };
    const created = { slot: slot(7), time: 100 };
    const facts = pairFacts(
      { ...pair, base: { mint: USDC_MINT, decimals: 6 } },
      { base: fake, token: coin, created },
    );
    expect(facts).toEqual({
      baseSymbol: "USDC",
      tokenSymbol: "COIN",
      tokenName: "A coin",
      tokenSupply: 10n ** 15n,
      createdSlot: 7,
      createdTime: 100,
    });
  });
});

describe("the value of a supply", () => {
  test("is the price for one whole token, and unknown with the price", () => {
    fc.assert(
      fc.property(arbitraryTrade, (trade) => {
        const one = rawAmount(10n ** BigInt(trade.token.decimals));
        expect(valueOfSupply(trade, one)).toBe(priceInUsd(trade));
        expect(valueOfSupply(trade, null)).toBeNull();
      }),
    );
  });
});
