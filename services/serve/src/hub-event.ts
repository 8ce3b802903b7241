import type { Kline, PriceChange, TradeWithPair } from "@candlewick/contracts";
import type { Subscription } from "./protocol.ts";
import type { ServeStatus } from "./status-board.ts";

/** One connection, by a number that is never used again. */
export type ClientId = number;

export type CandleSubscription = Extract<Subscription, { channel: "candles" }>;
export type TradeSubscription = Extract<Subscription, { channel: "trades" }>;

/** A snapshot that a client waits for; `load` tells it from earlier ones of the same subscription. */
export interface Load<Of extends Subscription = Subscription> {
  readonly client: ClientId;
  readonly load: number;
  readonly subscription: Of;
}

/** What can happen to the hub. */
export type HubEvent =
  | { readonly kind: "connected" | "disconnected"; readonly client: ClientId }
  | { readonly kind: "message"; readonly client: ClientId; readonly text: string }
  | {
      readonly kind: "candles-loaded";
      readonly load: Load<CandleSubscription>;
      readonly klines: readonly Kline[];
      /** Milliseconds since the epoch. */
      readonly nowMs: number;
    }
  | {
      readonly kind: "trades-loaded";
      readonly load: Load<TradeSubscription>;
      readonly trades: readonly TradeWithPair[];
    }
  | { readonly kind: "load-failed"; readonly load: Load; readonly error: LoadError }
  | { readonly kind: "kline"; readonly kline: Kline; readonly atMs: number }
  | { readonly kind: "trades"; readonly trades: readonly TradeWithPair[] }
  | { readonly kind: "block"; readonly blockId: string; readonly canonical: boolean }
  | { readonly kind: "price"; readonly change: PriceChange }
  | { readonly kind: "flush-prices" }
  | { readonly kind: "status"; readonly status: ServeStatus };

/** Why a snapshot could not be read, for the client. */
export interface LoadError {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** What the shell has to do, in this order. */
export type HubCommand =
  | { readonly kind: "send"; readonly clients: readonly ClientId[]; readonly text: string }
  | { readonly kind: "load-candles"; readonly load: Load<CandleSubscription>; readonly limit: number }
  | { readonly kind: "load-trades"; readonly load: Load<TradeSubscription>; readonly limit: number };

/** Bounds of the hub. */
export interface HubLimits {
  readonly intervals: readonly string[];
  readonly maxSubscriptions: number;
  readonly snapshotCandles: number;
  readonly snapshotTrades: number;
  readonly recentTrades: number;
  readonly recentSeries: number;
  readonly maxPairs: number;
}

/** Why a live message went to nobody; each is counted. */
export type HubDiscard = "old-revision" | "duplicate-trade" | "orphaned-trade";
