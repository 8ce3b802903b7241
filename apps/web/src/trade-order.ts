import type { TradeMessage } from "./wire.ts";

/** Negative, zero or positive as `a` happened before, at or after `b` on the chain. */
export function compareTrades(a: TradeMessage, b: TradeMessage): number {
  return (
    a.slot - b.slot ||
    a.transaction_index - b.transaction_index ||
    a.outer_index - b.outer_index ||
    (a.inner_index ?? -1) - (b.inner_index ?? -1) ||
    a.hop_index - b.hop_index
  );
}

/**
 * The newest `limit` trades of both lists, newest first. `known` is so already; `fresh` is in any order:
 * blocks of different partitions of a topic overtake each other.
 */
export function joinTrades(
  fresh: readonly TradeMessage[],
  known: readonly TradeMessage[],
  limit: number,
): TradeMessage[] {
  return [...fresh, ...known].sort((a, b) => compareTrades(b, a)).slice(0, limit);
}
