import { describe, expect, it } from "vitest";
import { tradeMarks } from "../src/trade-mark.ts";
import type { TradeMessage } from "../src/wire.ts";

function trade(own: Partial<TradeMessage>): TradeMessage {
  return {
    ...{ block_id: "b", block_time: null, slot: 1, transaction_index: 0, type: "buy", maker: "M" },
    ...{ outer_index: 1, inner_index: null, hop_index: 0, token_price_usd: 1, token_price_base: 1 },
    ...{ base_token_amount: 1, token_amount: 1, total_usd: 1, tx_hash: "t", clamp: null },
    ...{ current_base_token_in_pool_amount: null, current_token_in_pool_amount: null },
    ...own,
  };
}

describe("the marks of trades", () => {
  it.each<[string, Partial<TradeMessage>[], (readonly string[])[]]>([
    ["nothing", [{}], [[]]],
    ["a side of a sandwich", [{ clamp: true }, { clamp: false }], [["sandwich"], []]],
    ["a side that is zero", [{ token_amount: 0 }, { base_token_amount: 0 }], [["zero"], ["zero"]]],
    ["there and back", [{ type: "buy" }, { type: "sell" }], [["self-trade"], ["self-trade"]]],
    ["twice the same way", [{ type: "buy" }, { type: "buy" }], [[], []]],
    ["back by another", [{ type: "buy" }, { type: "sell", maker: "N" }], [[], []]],
    ["back in another transaction", [{ type: "buy" }, { type: "sell", tx_hash: "u" }], [[], []]],
    ["the same transaction on another fork", [{ type: "buy" }, { type: "sell", block_id: "c" }], [[], []]],
    [
      "several at once",
      [
        { type: "buy", clamp: true, token_amount: 0 },
        { type: "sell", clamp: true },
      ],
      [
        ["sandwich", "self-trade", "zero"],
        ["sandwich", "self-trade"],
      ],
    ],
  ])("tell of %s", (_, given, expected) => {
    const trades = given.map(trade);
    const marks = tradeMarks(trades);
    expect(trades.map((one) => marks.get(one) ?? [])).toEqual(expected);
  });
});
