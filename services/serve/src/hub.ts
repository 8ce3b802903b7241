import type { Kline, PriceChange, TradeWithPair } from "@candlewick/contracts";
import { mergeKlines, RecentKlines } from "./candle-feed.ts";
import type {
  CandleSubscription,
  ClientId,
  HubCommand,
  HubDiscard,
  HubEvent,
  HubLimits,
  Load,
  LoadError,
  TradeSubscription,
} from "./hub-event.ts";
import { PriceFeed } from "./price-feed.ts";
import {
  type ClientRequest,
  parseRequest,
  type ServerMessage,
  type Subscription,
  subscriptionName,
} from "./protocol.ts";
import { RecentTrades } from "./recent-trades.ts";
import { Topic } from "./topic.ts";
import { newestTrades } from "./trade-order.ts";

/** Loads of one client that are under way at the most: bounds what asking and leaving at once can cost. */
const MAX_LOADS = 16;

/**
 * A live candle that is older than this is in the store, which then knows better: the market may have been
 * away since. Within it the live one goes before, as the store is written a moment later.
 */
const STORE_DELAY_MS = 60_000;

interface Client {
  readonly topics: Set<string>;
  loads: number;
}

/** Who follows what, and what each is to be sent: decides only, does nothing by itself. */
export class Hub {
  readonly #limits: HubLimits;
  readonly #clients = new Map<ClientId, Client>();
  readonly #topics = new Map<string, Topic>();
  readonly #klines: RecentKlines;
  readonly #trades: RecentTrades;
  readonly #prices: PriceFeed;
  #loads = 0;
  readonly #discards: Record<HubDiscard, number> = {
    "old-revision": 0,
    "duplicate-trade": 0,
    "orphaned-trade": 0,
  };

  constructor(limits: HubLimits) {
    this.#limits = limits;
    this.#klines = new RecentKlines(limits.recentSeries);
    this.#trades = new RecentTrades(limits.recentTrades);
    this.#prices = new PriceFeed(limits.maxPairs);
  }

  get clients(): number {
    return this.#clients.size;
  }

  get subscriptions(): number {
    let sum = 0;
    for (const client of this.#clients.values()) sum += client.topics.size;
    return sum;
  }

  get discards(): Readonly<Record<HubDiscard, number>> {
    return this.#discards;
  }

  /** The last live price of a pair, fresher than the store's. */
  price(pair: string): PriceChange | undefined {
    return this.#prices.of(pair);
  }

  /** Whether anybody waits for the status of each second. */
  get wantsStatus(): boolean {
    return this.#topics.has("status");
  }

  step(event: HubEvent): HubCommand[] {
    switch (event.kind) {
      case "connected":
        this.#clients.set(event.client, { topics: new Set(), loads: 0 });
        return [];
      case "disconnected":
        this.#disconnect(event.client);
        return [];
      case "message":
        return this.#message(event.client, event.text);
      case "candles-loaded":
        return this.#candlesLoaded(event.load, event.klines, event.nowMs);
      case "trades-loaded":
        return this.#tradesLoaded(event.load, event.trades);
      case "load-failed":
        return this.#loadFailed(event.load, event.error);
      case "kline":
        return this.#kline(event.kline, event.atMs);
      case "trades":
        return this.#liveTrades(event.trades);
      case "block":
        return this.#block(event.blockId, event.canonical);
      case "price":
        this.#prices.put(event.change);
        return [];
      case "flush-prices": {
        const prices = this.#prices.takeChanged();
        return prices.length === 0 ? [] : this.#fan("prices", { op: "update", channel: "prices", prices });
      }
      case "status":
        return this.#fan("status", { op: "update", channel: "status", status: event.status });
    }
  }

  #message(clientId: ClientId, text: string): HubCommand[] {
    const client = this.#clients.get(clientId);
    if (client === undefined) return [];
    const parsed = parseRequest(text, this.#limits.intervals);
    if ("problem" in parsed) {
      return [send([clientId], { op: "error", code: "BAD_INPUT", ...parsed.problem })];
    }
    return this.#request(clientId, client, parsed.request);
  }

  #request(clientId: ClientId, client: Client, request: ClientRequest): HubCommand[] {
    if (request.op === "ping") return [send([clientId], { op: "pong" })];
    const { subscription } = request;
    const name = subscriptionName(subscription);
    if (request.op === "unsubscribe") {
      this.#leave(clientId, client, name);
      return [send([clientId], { op: "unsubscribed", ...subscription })];
    }
    // Asking again is not an error: the client gets a fresh snapshot.
    if (client.topics.has(name)) this.#leave(clientId, client, name);
    if (client.topics.size >= this.#limits.maxSubscriptions || client.loads >= MAX_LOADS) {
      return [
        send([clientId], {
          op: "error",
          code: "TOO_MANY_SUBSCRIPTIONS",
          message: `This connection follows ${client.topics.size} things and waits for ${client.loads}.`,
          advice: `Unsubscribe from some first: at most ${this.#limits.maxSubscriptions} per connection.`,
          ...subscription,
        }),
      ];
    }
    client.topics.add(name);
    return [
      send([clientId], { op: "subscribed", ...subscription }),
      ...this.#follow(clientId, client, subscription),
    ];
  }

  #follow(clientId: ClientId, client: Client, subscription: Subscription): HubCommand[] {
    const topic = this.#topic(subscription);
    if (subscription.channel === "prices" || subscription.channel === "status") {
      topic.live.add(clientId);
      return [];
    }
    this.#loads += 1;
    client.loads += 1;
    topic.waiting.set(clientId, this.#loads);
    const load = { client: clientId, load: this.#loads };
    const { snapshotCandles, snapshotTrades } = this.#limits;
    return subscription.channel === "candles"
      ? [{ kind: "load-candles", load: { ...load, subscription }, limit: snapshotCandles }]
      : [{ kind: "load-trades", load: { ...load, subscription }, limit: snapshotTrades }];
  }

  #topic(subscription: Subscription): Topic {
    const name = subscriptionName(subscription);
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const { snapshotCandles, snapshotTrades } = this.#limits;
    const topic = new Topic(
      subscription,
      subscription.channel === "candles" ? snapshotCandles : snapshotTrades,
    );
    this.#topics.set(name, topic);
    return topic;
  }

  #candlesLoaded(load: Load<CandleSubscription>, stored: readonly Kline[], nowMs: number): HubCommand[] {
    const topic = this.#arrived(load);
    if (topic === null || topic.feed === null) return [];
    const { pair, interval } = load.subscription;
    const sinceMs = nowMs - STORE_DELAY_MS;
    const lately = mergeKlines(
      topic.klinesSince(sinceMs),
      this.#klines.since(sinceMs, pair, interval),
      this.#limits.snapshotCandles,
    );
    const candles = mergeKlines(stored, lately, this.#limits.snapshotCandles);
    const commands: HubCommand[] = [];
    // The store can be ahead of what was live: who follows already must not stay behind what is now known.
    for (const candle of candles) {
      if (!topic.feed.accept(candle)) continue;
      topic.keepKline(candle, nowMs);
      commands.push(...sendIfAny(topic.live, { op: "update", channel: "candles", pair, interval, candle }));
    }
    topic.live.add(load.client);
    commands.push(send([load.client], { op: "snapshot", channel: "candles", pair, interval, candles }));
    return commands;
  }

  #tradesLoaded(load: Load<TradeSubscription>, stored: readonly TradeWithPair[]): HubCommand[] {
    const topic = this.#arrived(load);
    if (topic === null) return [];
    const { pair } = load.subscription;
    const canonical = stored.filter((trade) => !this.#trades.isOrphan(trade.block_id));
    const lists = [canonical, this.#trades.of(pair), topic.trades];
    const trades = newestTrades(lists, this.#limits.snapshotTrades);
    topic.live.add(load.client);
    return [send([load.client], { op: "snapshot", channel: "trades", pair, trades })];
  }

  #loadFailed(load: Load, error: LoadError): HubCommand[] {
    const topic = this.#arrived(load);
    if (topic === null) return [];
    const client = this.#clients.get(load.client);
    if (client !== undefined) this.#leave(load.client, client, subscriptionName(load.subscription));
    return [send([load.client], { op: "error", ...error, ...load.subscription })];
  }

  /** The topic whose snapshot this is; null where the client does not wait for it any more. */
  #arrived(load: Load): Topic | null {
    const client = this.#clients.get(load.client);
    if (client !== undefined) client.loads -= 1;
    const topic = this.#topics.get(subscriptionName(load.subscription));
    return topic?.arrived(load.client, load.load) === true ? topic : null;
  }

  #kline(candle: Kline, atMs: number): HubCommand[] {
    const { pair_addr: pair, interval } = candle;
    this.#klines.add(candle, atMs);
    const topic = this.#topics.get(subscriptionName({ channel: "candles", pair, interval }));
    if (topic === undefined || topic.feed === null) return [];
    if (!topic.feed.accept(candle)) {
      this.#discards["old-revision"] += 1;
      return [];
    }
    topic.keepKline(candle, atMs);
    return sendIfAny(topic.live, { op: "update", channel: "candles", pair, interval, candle });
  }

  #liveTrades(trades: readonly TradeWithPair[]): HubCommand[] {
    const byPair = new Map<string, TradeWithPair[]>();
    for (const trade of trades) {
      const taken = this.#trades.add(trade);
      if (taken !== "taken") {
        this.#discards[taken === "duplicate" ? "duplicate-trade" : "orphaned-trade"] += 1;
        continue;
      }
      const list = byPair.get(trade.pair_addr);
      if (list === undefined) byPair.set(trade.pair_addr, [trade]);
      else list.push(trade);
    }
    const commands: HubCommand[] = [];
    for (const [pair, list] of byPair) {
      const topic = this.#topics.get(subscriptionName({ channel: "trades", pair }));
      if (topic === undefined) continue;
      topic.keepTrades(list);
      commands.push(...sendIfAny(topic.live, { op: "update", channel: "trades", pair, trades: list }));
    }
    return commands;
  }

  #block(blockId: string, canonical: boolean): HubCommand[] {
    if (canonical) {
      this.#trades.restore(blockId);
      return [];
    }
    this.#trades.orphan(blockId);
    const commands: HubCommand[] = [];
    for (const topic of this.#topics.values()) {
      if (topic.subscription.channel !== "trades") continue;
      topic.retract(blockId);
      const { pair } = topic.subscription;
      commands.push(...sendIfAny(topic.live, { op: "retract", channel: "trades", pair, block_id: blockId }));
    }
    return commands;
  }

  #fan(name: "prices" | "status", message: ServerMessage): HubCommand[] {
    const topic = this.#topics.get(name);
    return topic === undefined ? [] : sendIfAny(topic.live, message);
  }

  #disconnect(clientId: ClientId): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    for (const name of [...client.topics]) this.#leave(clientId, client, name);
    this.#clients.delete(clientId);
  }

  #leave(clientId: ClientId, client: Client, name: string): void {
    client.topics.delete(name);
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    topic.live.delete(clientId);
    topic.waiting.delete(clientId);
    if (topic.empty) this.#topics.delete(name);
  }
}

function send(clients: readonly ClientId[], message: ServerMessage): HubCommand {
  return { kind: "send", clients, text: JSON.stringify(message) };
}

/** The message is written only where somebody gets it. */
function sendIfAny(clients: ReadonlySet<ClientId>, message: ServerMessage): HubCommand[] {
  return clients.size === 0 ? [] : [send([...clients], message)];
}
