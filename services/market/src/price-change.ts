import { type PriceChange, relativeChange } from "@candlewick/contracts";
import { CHAIN_IDS } from "@candlewick/domain";
import type { PairState } from "./pair-state.ts";

/** The price of a pair at its last trade, and its changes against the closes before. */
export function priceChangeOf(pair: PairState): PriceChange {
  const now = pair.history.last();
  const change = (seconds: number): number | null => {
    const before = pair.history.at((pair.last.time - seconds) * 1000);
    return (
      relativeChange(now?.usd ?? null, before?.usd ?? null) ??
      relativeChange(now?.base ?? null, before?.base ?? null)
    );
  };
  return {
    chain_id: String(CHAIN_IDS[pair.chain]),
    pair_addr: pair.pair,
    slot: pair.last.slot,
    block_time: pair.last.time,
    price_usd: now?.usd ?? null,
    price_base: now?.base ?? null,
    change_5m: change(300),
    change_1h: change(3_600),
    change_4h: change(14_400),
    change_6h: change(21_600),
    change_24h: change(86_400),
  };
}
