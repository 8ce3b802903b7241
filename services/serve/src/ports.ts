import type { Kline, TradeWithPair } from "@candlewick/contracts";

/** One token of a pair as readers see it. */
export interface AssetView {
  readonly mint: string;
  /** Known by address, else what its maker claims, which proves nothing; null also where the claim is a currency. */
  readonly symbol: string | null;
  readonly decimals: number;
}

/** What is known of a pair beside its trades. Unknown is null. */
export interface PairFactsView {
  /** What the token's maker calls it. */
  readonly token_name: string | null;
  /** Whole units, an exact decimal. */
  readonly token_supply: string | null;
  /** Where and when (unix seconds) the pair began to exist. */
  readonly created_slot: number | null;
  readonly created_time: number | null;
  /** The supply at `price_usd`. As far as the chain can tell all of it is in circulation: both are the same. */
  readonly fdv_usd: number | null;
  readonly market_cap_usd: number | null;
}

/** A pair with what it did lately, as `/api/pairs` returns it. Unknown is null. */
export interface PairView extends PairFactsView {
  readonly chain_id: string;
  readonly pair_addr: string;
  readonly venue: string;
  readonly base: AssetView;
  readonly token: AssetView;
  readonly price_usd: number | null;
  readonly price_base: number | null;
  readonly change_5m: number | null;
  readonly change_1h: number | null;
  readonly change_4h: number | null;
  readonly change_6h: number | null;
  readonly change_24h: number | null;
  /** An exact decimal. */
  readonly volume_24h_usd: string;
  readonly trades_24h: number;
  /** Slot and unix seconds of the last trade. */
  readonly slot: number | null;
  readonly block_time: number | null;
}

export interface PairQuery {
  /** The beginning of an address or of a symbol; null: all. */
  readonly search: string | null;
  readonly sort: "volume" | "last-trade";
  readonly limit: number;
}

/** The newest `limit` candles with `fromMs <= open_time < toMs`; a missing bound is open. */
export interface CandleQuery {
  readonly pair: string;
  readonly interval: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly limit: number;
}

/** Where a page of trades ended: unix seconds and order key of its oldest trade. */
export interface TradeCursor {
  readonly time: number;
  readonly orderKey: string;
}

/** The newest `limit` trades of a pair before the cursor, exclusive; null: from the last. */
export interface TradeQuery {
  readonly pair: string;
  readonly limit: number;
  readonly before: TradeCursor | null;
}

/** How far the stored state is. */
export interface StoredProgress {
  /** The newest block that is stored; `time` in unix seconds. */
  readonly head: { readonly slot: number; readonly time: number | null } | null;
  /** Next offsets of the dataflow's group, by `topic:partition`. */
  readonly offsets: ReadonlyMap<string, bigint>;
}

/** What serve reads from the store. Rejects with a CandlewickError where the database is away. */
export interface MarketReads {
  pairs(query: PairQuery): Promise<readonly PairView[]>;
  pair(address: string): Promise<PairView | null>;
  /** In order of time. */
  candles(query: CandleQuery): Promise<readonly Kline[]>;
  /** Newest first. */
  trades(query: TradeQuery): Promise<readonly TradeWithPair[]>;
  progress(): Promise<StoredProgress>;
}
