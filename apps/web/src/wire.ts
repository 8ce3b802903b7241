/** What the server sends, as far as the page reads it. */

export interface AssetView {
  readonly mint: string;
  readonly symbol: string | null;
  readonly decimals: number;
}

export interface PairView {
  readonly pair_addr: string;
  readonly venue: string;
  readonly base: AssetView;
  readonly token: AssetView;
  readonly price_usd: number | null;
  readonly price_base: number | null;
  readonly change_5m: number | null;
  readonly change_1h: number | null;
  readonly change_24h: number | null;
  readonly volume_24h_usd: string;
  readonly trades_24h: number;
  readonly block_time: number | null;
  /** What the token's maker calls it. */
  readonly token_name: string | null;
  /** Whole units, an exact decimal. */
  readonly token_supply: string | null;
  /** Unix seconds. */
  readonly created_time: number | null;
  readonly fdv_usd: number | null;
  readonly market_cap_usd: number | null;
}

export interface KlinePrices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface Kline {
  readonly pair_addr: string;
  readonly interval: string;
  readonly open_time: number;
  readonly revision: number;
  readonly base: KlinePrices | null;
  readonly usd: KlinePrices | null;
  readonly base_volume: string;
  readonly usd_volume: string;
  readonly trades: number;
}

export interface CandleView extends KlinePrices {
  readonly open_time: number;
  readonly volume: string;
  readonly trades: number;
  readonly revision: number;
}

export interface PriceChange {
  readonly pair_addr: string;
  readonly slot: number;
  readonly block_time: number;
  readonly price_usd: number | null;
  readonly price_base: number | null;
  readonly change_5m: number | null;
  readonly change_1h: number | null;
  readonly change_24h: number | null;
}

export interface TradeMessage {
  readonly block_id: string;
  readonly block_time: number | null;
  readonly slot: number;
  readonly transaction_index: number;
  readonly outer_index: number;
  readonly inner_index: number | null;
  readonly hop_index: number;
  readonly type: "buy" | "sell";
  readonly token_price_usd: number | null;
  readonly token_price_base: number | null;
  readonly base_token_amount: number;
  readonly token_amount: number;
  readonly total_usd: number | null;
  readonly maker: string;
  readonly tx_hash: string;
  /** Whether it is one side of a sandwich; null where that is not known. */
  readonly clamp: boolean | null;
  /** What the pool holds after it. */
  readonly current_base_token_in_pool_amount: number | null;
  readonly current_token_in_pool_amount: number | null;
}

export interface BlockPoint {
  readonly slot: number;
  readonly block_time: number | null;
}

export interface ServeStatus {
  readonly version: string;
  readonly time: number;
  readonly head: BlockPoint | null;
  readonly dataflow: {
    readonly head: BlockPoint | null;
    readonly lag_records: number | null;
    readonly lag_seconds: number | null;
  };
  readonly rates: { readonly trades_per_second: number; readonly blocks_per_second: number };
}

export type Subscription =
  | { readonly channel: "candles"; readonly pair: string; readonly interval: string }
  | { readonly channel: "trades"; readonly pair: string }
  | { readonly channel: "prices" }
  | { readonly channel: "status" };

export type ServerMessage =
  | { op: "snapshot"; channel: "candles"; pair: string; interval: string; candles: readonly Kline[] }
  | { op: "update"; channel: "candles"; pair: string; interval: string; candle: Kline }
  | { op: "snapshot"; channel: "trades"; pair: string; trades: readonly TradeMessage[] }
  | { op: "update"; channel: "trades"; pair: string; trades: readonly TradeMessage[] }
  | { op: "retract"; channel: "trades"; pair: string; block_id: string }
  | { op: "update"; channel: "prices"; prices: readonly PriceChange[] }
  | { op: "update"; channel: "status"; status: ServeStatus }
  | { op: "subscribed"; channel: Subscription["channel"] }
  | { op: "unsubscribed"; channel: Subscription["channel"] }
  | { op: "pong" }
  | {
      op: "error";
      code: string;
      message: string;
      advice: string;
      channel?: string;
      pair?: string;
      interval?: string;
    };

export type Currency = "usd" | "base";
export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "12h", "1d"] as const;
export type IntervalName = (typeof INTERVALS)[number];
