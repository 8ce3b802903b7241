import {
  encodeBlock,
  encodeJson,
  encodeTrades,
  klineOf,
  type PriceChange,
  TOPICS,
  tradeWithPair,
} from "@candlewick/contracts";
import {
  type Candle,
  candlesOfTrades,
  comparePositions,
  DEFAULT_INTERVALS,
  formatDecimal,
  orderKey,
  priceInBase,
  priceInUsd,
  type Trade,
  usdVolume,
} from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import type { LiveSource } from "../src/live-source.ts";
import { assetView, pairFactsView } from "../src/pair-facts-view.ts";
import type { MarketReads, PairView } from "../src/ports.ts";

const DAY_SECONDS = 86_400;

/** A small whole system in memory: the trades given are stored, and can be sent live as Kafka would. */
export class MemoryMarket {
  readonly #trades: Trade[] = [];
  readonly #revisions = new Map<string, number>();
  #onRecords: ((records: readonly ConsumedRecord[]) => void) | null = null;
  #offset = 0n;
  /** Makes every read fail with this, as when the database is away. */
  failure: Error | null = null;

  /** Stores trades without telling anybody. */
  store(trades: readonly Trade[]): void {
    this.#trades.push(...trades);
    this.#trades.sort((a, b) => comparePositions(a.position, b.position));
  }

  /** Stores the trades of one block and sends them, their candles, prices and block as live records. */
  publish(trades: readonly Trade[]): void {
    const [first] = trades;
    if (first === undefined) return;
    this.store(trades);
    const { trades: tradeTopic, blocks, klines, priceChange } = TOPICS.solana;
    this.send(tradeTopic, encodeTrades(trades));
    const { slot, id, time } = first.block;
    const parent = { parentSlot: null, parentId: null, height: null };
    const price = { nativeUsd: first.baseUsd, nativeUsdSlot: slot };
    const counts = { tradeCount: trades.length, status: "processed" as const };
    this.send(blocks, encodeBlock({ chain: "solana", slot, id, time, ...parent, ...price, ...counts }));
    for (const pair of new Set(trades.map((trade) => trade.pair))) {
      const lastMs = Math.max(...trades.map((trade) => (trade.block.time ?? 0) * 1000));
      for (const candle of this.#candles(pair)) {
        const interval = DEFAULT_INTERVALS.find(({ name }) => name === candle.interval);
        if (interval === undefined || candle.openMs + interval.ms <= lastMs) continue;
        this.send(klines, encodeJson(klineOf(candle, first, this.#revise(candle))));
      }
      this.send(priceChange, encodeJson(this.#priceChange(pair)));
    }
  }

  /** Sends one record of a live topic. */
  send(topic: string, value: Buffer | null): void {
    this.#offset += 1n;
    const headers = new Map<string, Buffer>();
    this.#onRecords?.([
      { topic, partition: 0, offset: this.#offset, timestampMs: Date.now(), key: null, value, headers },
    ]);
  }

  async startSource(onRecords: (records: readonly ConsumedRecord[]) => void): Promise<LiveSource> {
    this.#onRecords = onRecords;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    return {
      name: "memory",
      done,
      ends: () => new Map([[`${TOPICS.solana.trades}:0`, this.#offset]]),
      async stop() {
        resolve();
      },
    };
  }

  readonly reads: MarketReads = {
    pairs: async ({ search, sort, limit }) => {
      this.#check();
      const all = [...new Set(this.#trades.map(({ pair }) => pair))].map((pair) => this.#pairView(pair));
      const found = all.filter(
        ({ pair_addr, token, base }) =>
          search === null ||
          [pair_addr, token.mint, base.mint, base.symbol].some((text) => text?.startsWith(search)),
      );
      const key = (pair: PairView) => (sort === "volume" ? Number(pair.volume_24h_usd) : (pair.slot ?? 0));
      return found.sort((a, b) => key(b) - key(a)).slice(0, limit);
    },
    pair: async (address) => {
      this.#check();
      return this.#trades.some(({ pair }) => pair === address) ? this.#pairView(address) : null;
    },
    candles: async ({ pair, interval, fromMs, toMs, limit }) => {
      this.#check();
      const [first] = this.#of(pair);
      if (first === undefined) return [];
      return this.#candles(pair)
        .filter((candle) => candle.interval === interval)
        .filter(({ openMs }) => openMs >= (fromMs ?? 0) && openMs < (toMs ?? Number.POSITIVE_INFINITY))
        .sort((a, b) => a.openMs - b.openMs)
        .slice(-limit)
        .map((candle) => klineOf(candle, first, this.#revisions.get(nameOf(candle)) ?? 1));
    },
    trades: async ({ pair, limit, before }) => {
      this.#check();
      return this.#of(pair)
        .filter((trade) => before === null || orderKey(trade.position, trade.block.id) < before.orderKey)
        .reverse()
        .slice(0, limit)
        .map(tradeWithPair);
    },
    progress: async () => {
      this.#check();
      const last = this.#trades.at(-1);
      return {
        head: last === undefined ? null : { slot: last.block.slot, time: last.block.time },
        offsets: new Map([[`${TOPICS.solana.trades}:0`, this.#offset]]),
      };
    },
  };

  #check(): void {
    if (this.failure !== null) throw this.failure;
  }

  #of(pair: string): Trade[] {
    return this.#trades.filter((trade) => trade.pair === pair);
  }

  #candles(pair: string): Candle[] {
    return candlesOfTrades(this.#of(pair), DEFAULT_INTERVALS);
  }

  #revise(candle: Candle): number {
    const revision = (this.#revisions.get(nameOf(candle)) ?? 1) + 1;
    this.#revisions.set(nameOf(candle), revision);
    return revision;
  }

  #pairView(pair: string): PairView {
    const trades = this.#of(pair);
    const last = trades.at(-1);
    if (last === undefined) throw new Error(`no trade of ${pair}`);
    const day = trades.filter(({ block }) => (block.time ?? 0) > (last.block.time ?? 0) - DAY_SECONDS);
    const volume = day.reduce((sum, trade) => sum + (usdVolume(trade) ?? 0n), 0n);
    return {
      ...this.#priceChange(pair),
      venue: last.venue,
      ...pairFactsView(last.token, last.facts, priceInUsd(last)),
      base: assetView(last.base, last.facts?.baseSymbol),
      token: assetView(last.token, last.facts?.tokenSymbol),
      volume_24h_usd: formatDecimal(volume, last.base.decimals + 9),
      trades_24h: day.length,
    };
  }

  #priceChange(pair: string): PriceChange {
    const trades = this.#of(pair);
    const last = trades.at(-1);
    if (last === undefined) throw new Error(`no trade of ${pair}`);
    const price = priceInUsd(last);
    const change = (seconds: number) => {
      const before = trades.findLast(({ block }) => (block.time ?? 0) <= (last.block.time ?? 0) - seconds);
      const then = before === undefined ? null : priceInUsd(before);
      return price === null || then === null ? null : price / then - 1;
    };
    return {
      chain_id: "100000",
      pair_addr: pair,
      slot: last.block.slot,
      block_time: last.block.time ?? 0,
      price_usd: price,
      price_base: priceInBase(last),
      change_5m: change(300),
      change_1h: change(3600),
      change_4h: change(4 * 3600),
      change_6h: change(6 * 3600),
      change_24h: change(DAY_SECONDS),
    };
  }
}

function nameOf(candle: Candle): string {
  return `${candle.pair}:${candle.interval}:${candle.openMs}`;
}
