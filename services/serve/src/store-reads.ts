import { type Kline, klineOf, type TradeWithPair, tradeWithPair } from "@candlewick/contracts";
import { CHAIN_IDS, type ChainName, formatDecimal } from "@candlewick/domain";
import type { PairSummary, Store } from "@candlewick/store";
import { assetView, pairFactsView } from "./pair-facts-view.ts";
import type { CandleQuery, MarketReads, PairView, TradeQuery } from "./ports.ts";

/** Reads one chain from the store, in the forms that readers get. `group`: whose offsets tell the progress. */
export function storeReads(store: Store, chain: ChainName, group: string): MarketReads {
  return {
    async pairs({ search, sort, limit }) {
      const pairs = await store.pairs({ chain, sort, limit, ...(search === null ? {} : { search }) });
      return pairs.map(pairView);
    },
    async pair(address) {
      const pair = await store.pair(address, chain);
      return pair === null ? null : pairView(pair);
    },
    candles: (query) => readCandles(store, chain, query),
    trades: (query) => readTrades(store, chain, query),
    async progress() {
      const status = await store.status();
      const own = status.chains.find((entry) => entry.chain === chain);
      const head =
        own === undefined || own.headSlot === null ? null : { slot: own.headSlot, time: own.headTime };
      return { head, offsets: status.offsets.get(group) ?? new Map() };
    },
  };
}

async function readCandles(store: Store, chain: ChainName, query: CandleQuery): Promise<Kline[]> {
  const { pair, interval, fromMs, toMs, limit } = query;
  const newest = await store.candles({
    chain,
    pair,
    interval,
    limit,
    order: "newest-first",
    ...(fromMs === null ? {} : { fromMs }),
    ...(toMs === null ? {} : { toMs }),
  });
  return newest.reverse().map(({ candle, assets, revision }) => klineOf(candle, assets, revision));
}

async function readTrades(store: Store, chain: ChainName, query: TradeQuery): Promise<TradeWithPair[]> {
  const { pair, limit, before } = query;
  const trades = await store.trades({ chain, pair, limit, ...(before === null ? {} : { before }) });
  return trades.map(({ trade }) => tradeWithPair(trade));
}

function pairView(pair: PairSummary): PairView {
  return {
    chain_id: String(CHAIN_IDS[pair.chain]),
    pair_addr: pair.address,
    venue: pair.venue,
    base: assetView(pair.base, pair.facts?.baseSymbol),
    token: assetView(pair.token, pair.facts?.tokenSymbol),
    ...pairFactsView(pair.token, pair.facts, pair.lastTrade?.priceUsd ?? null),
    price_usd: pair.lastTrade?.priceUsd ?? null,
    price_base: pair.lastTrade?.priceBase ?? null,
    change_5m: null,
    change_1h: null,
    change_4h: null,
    change_6h: null,
    change_24h: null,
    volume_24h_usd: formatDecimal(pair.usdVolume24h, pair.base.decimals + 9),
    trades_24h: pair.trades24h,
    slot: pair.lastTrade?.slot ?? null,
    block_time: pair.lastTrade?.time ?? null,
  };
}
