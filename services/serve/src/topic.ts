import type { Kline, TradeWithPair } from "@candlewick/contracts";
import { CandleFeed, ChangedKlines } from "./candle-feed.ts";
import type { ClientId } from "./hub-event.ts";
import type { Subscription } from "./protocol.ts";
import { newestTrades } from "./trade-order.ts";

const KNOWN_CANDLES = 4096;

/** One thing that is followed: waiting clients get its snapshot first, live ones every update. */
export class Topic {
  readonly subscription: Subscription;
  readonly live = new Set<ClientId>();
  /** By client the load that it waits for. */
  readonly waiting = new Map<ClientId, number>();
  /** What subscribers have of a series; null for other channels. */
  readonly feed: CandleFeed | null;
  readonly #maxKept: number;
  readonly #klines: ChangedKlines;
  #trades: readonly TradeWithPair[] = [];

  /** `maxKept`: how many candles or trades a snapshot holds at the most. */
  constructor(subscription: Subscription, maxKept: number) {
    this.subscription = subscription;
    this.feed = subscription.channel === "candles" ? new CandleFeed(KNOWN_CANDLES) : null;
    this.#maxKept = maxKept;
    this.#klines = new ChangedKlines(maxKept);
  }

  get empty(): boolean {
    return this.live.size === 0 && this.waiting.size === 0;
  }

  /** The candles that changed since the first subscriber and at `sinceMs` or later. */
  klinesSince(sinceMs: number): Kline[] {
    return this.#klines.since(sinceMs);
  }

  /** The newest trades since the first subscriber. */
  get trades(): readonly TradeWithPair[] {
    return this.#trades;
  }

  keepKline(kline: Kline, atMs: number): void {
    this.#klines.add(kline, atMs);
  }

  keepTrades(trades: readonly TradeWithPair[]): void {
    this.#trades = newestTrades([this.#trades, trades], this.#maxKept);
  }

  retract(blockId: string): void {
    this.#trades = this.#trades.filter((trade) => trade.block_id !== blockId);
  }

  /** The snapshot of that load arrived; false where nobody waits for it any more. */
  arrived(client: ClientId, load: number): boolean {
    if (this.waiting.get(client) !== load) return false;
    this.waiting.delete(client);
    return true;
  }
}
