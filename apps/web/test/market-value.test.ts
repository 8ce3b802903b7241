import { describe, expect, it } from "vitest";
import { atPrice, dollarText, fdvTitle, marketCapTitle } from "../src/market-value.ts";
import type { PairView, PriceChange } from "../src/wire.ts";

const PAIR: PairView = {
  ...{ pair_addr: "P", venue: "PumpSwap", volume_24h_usd: "0", trades_24h: 0, block_time: null },
  base: { mint: "B", symbol: "SOL", decimals: 9 },
  token: { mint: "T", symbol: null, decimals: 6 },
  ...{ price_usd: 2, price_base: 1, change_5m: null, change_1h: null, change_24h: null },
  ...{ token_name: null, token_supply: "1000000000.5", created_time: null },
  ...{ fdv_usd: 2_000_000_001, market_cap_usd: 2_000_000_001 },
};

function change(price_usd: number | null): PriceChange {
  return {
    ...{ pair_addr: "P", slot: 1, block_time: 1, price_usd, price_base: 1 },
    ...{ change_5m: null, change_1h: null, change_24h: null },
  };
}

describe("what a token is worth", () => {
  it("moves with its price", () => {
    expect(atPrice(PAIR, change(4))).toMatchObject({ price_usd: 4, market_cap_usd: 4_000_000_002 });
  });

  it("is not known without a price or a supply, and the reason is told", () => {
    const unpriced = atPrice(PAIR, change(null));
    expect(unpriced).toMatchObject({ market_cap_usd: null, fdv_usd: null });
    expect(marketCapTitle(unpriced)).toBe("The price in dollars is not known.");
    const uncounted = atPrice({ ...PAIR, token_supply: null }, change(4));
    expect(uncounted).toMatchObject({ market_cap_usd: null, fdv_usd: null });
    for (const title of [marketCapTitle(uncounted), fdvTitle(uncounted)]) {
      expect(title).toBe("How many tokens exist is not known.");
    }
    expect(dollarText(null)).toBe("–");
  });

  it("says how it comes about", () => {
    expect(dollarText(PAIR.market_cap_usd)).toBe("$2B");
    expect(marketCapTitle(PAIR)).toContain("1B tokens");
    expect(fdvTitle(PAIR)).toContain("1B tokens");
  });
});
