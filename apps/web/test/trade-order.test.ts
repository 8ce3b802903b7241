import { describe, expect, it } from "vitest";
import { joinTrades } from "../src/trade-order.ts";
import type { TradeMessage } from "../src/wire.ts";

function trade(slot: number, transaction = 0, inner: number | null = null, hop = 0): TradeMessage {
  return {
    ...{ block_id: "b", block_time: null, slot, transaction_index: transaction, type: "buy", maker: "M" },
    ...{ outer_index: 1, inner_index: inner, hop_index: hop, token_price_usd: 1, token_price_base: 1 },
    ...{ base_token_amount: 1, token_amount: 1, total_usd: 1, tx_hash: "t", clamp: null },
    ...{ current_base_token_in_pool_amount: null, current_token_in_pool_amount: null },
  };
}

describe("trades on the page", () => {
  it("are in the order of the chain, whatever the order of arrival", () => {
    const known = [trade(5), trade(3)];
    const fresh = [trade(4), trade(6, 2), trade(6, 10), trade(6, 2, 0), trade(6, 2, 0, 1)];
    const joined = joinTrades(fresh, known, 6);
    expect(joined.map((t) => [t.slot, t.transaction_index, t.inner_index, t.hop_index])).toEqual([
      [6, 10, null, 0],
      [6, 2, 0, 1],
      [6, 2, 0, 0],
      [6, 2, null, 0],
      [5, 0, null, 0],
      [4, 0, null, 0],
    ]);
  });
});
