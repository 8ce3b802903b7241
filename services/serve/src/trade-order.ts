import type { TradeWithPair } from "@candlewick/contracts";
import { type OrderKey, orderKey, slot } from "@candlewick/domain";

/** Where a trade stands among all trades: greater is later. It is the cursor of `/api/trades`. */
export function tradeOrder(trade: TradeWithPair): OrderKey {
  return orderKey(
    {
      slot: slot(trade.slot),
      txIndex: trade.transaction_index,
      outer: trade.outer_index,
      inner: trade.inner_index,
      hop: trade.hop_index,
    },
    trade.block_id,
  );
}

/** Names a trade among all trades of a chain: the same message sent twice has the same name. */
export function tradeName(trade: TradeWithPair): string {
  return `${trade.block_id}:${trade.tx_hash}:${trade.outer_index}.${trade.inner_index ?? "-"}.${trade.hop_index}`;
}

/** Newest first, each trade once, at most `limit`. */
export function newestTrades(lists: Iterable<Iterable<TradeWithPair>>, limit: number): TradeWithPair[] {
  const byOrder = new Map<string, TradeWithPair>();
  for (const list of lists) for (const trade of list) byOrder.set(tradeOrder(trade), trade);
  return [...byOrder]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .slice(0, limit)
    .map(([, trade]) => trade);
}
