import type { PriceChange } from "@candlewick/contracts";
import { atPrice } from "./pair-facts-view.ts";
import type { MarketReads, PairView } from "./ports.ts";

export const PAIR_SORTS = ["volume", "recent", "trades", "change_5m", "change_1h", "change_24h"] as const;
export type PairSort = (typeof PAIR_SORTS)[number];

/** How many pairs of the greatest volume are looked at where the store cannot sort by itself. */
const MAX_SORTED = 1000;

/**
 * The pairs in that order, each with its live price. Changes and counts are only known here, so for them
 * the 1000 pairs of the greatest volume are sorted.
 */
export async function sortedPairs(
  reads: MarketReads,
  price: (pair: string) => PriceChange | undefined,
  query: { search: string | null; sort: PairSort; limit: number },
): Promise<PairView[]> {
  const { search, sort, limit } = query;
  const byStore = sort === "volume" || sort === "recent";
  const stored = await reads.pairs({
    search,
    sort: sort === "recent" ? "last-trade" : "volume",
    limit: byStore ? limit : MAX_SORTED,
  });
  const pairs = stored.map((pair) => withLivePrice(pair, price(pair.pair_addr)));
  if (byStore) return pairs;
  const key = sort === "trades" ? "trades_24h" : sort;
  // What is not known comes last.
  const value = (pair: PairView) => pair[key] ?? Number.NEGATIVE_INFINITY;
  return pairs.sort((a, b) => (value(a) < value(b) ? 1 : value(a) > value(b) ? -1 : 0)).slice(0, limit);
}

/** A price that the market has published and the store does not hold yet goes before the store's. */
export function withLivePrice(pair: PairView, live: PriceChange | undefined): PairView {
  if (live === undefined || (pair.slot !== null && live.slot < pair.slot)) return pair;
  const { slot, block_time, price_usd, price_base } = live;
  const { change_5m, change_1h, change_4h, change_6h, change_24h } = live;
  return {
    ...atPrice(pair, price_usd),
    slot,
    block_time,
    price_base,
    change_5m,
    change_1h,
    change_4h,
    change_6h,
    change_24h,
  };
}
