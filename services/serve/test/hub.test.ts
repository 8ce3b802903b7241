import type { Kline, TradeWithPair } from "@candlewick/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Hub } from "../src/hub.ts";
import type { HubCommand, HubEvent, HubLimits } from "../src/hub-event.ts";
import { kline, PAIR_A, PAIR_B, priceChange, START_MS, tradeMessage } from "./sample.ts";

const LIMITS: HubLimits = {
  intervals: ["1m", "5m"],
  maxSubscriptions: 3,
  snapshotCandles: 5,
  snapshotTrades: 4,
  recentTrades: 100,
  recentSeries: 10,
  maxPairs: 10,
};

type Message = Record<string, unknown> & { op: string };

/** A hub with what each client has received, and the loads that wait. */
class Bench {
  readonly hub: Hub;
  readonly inbox = new Map<number, Message[]>();
  loads: Extract<HubCommand, { kind: "load-candles" | "load-trades" }>[] = [];

  constructor(limits: Partial<HubLimits> = {}) {
    this.hub = new Hub({ ...LIMITS, ...limits });
  }

  step(event: HubEvent): void {
    for (const command of this.hub.step(event)) {
      if (command.kind !== "send") this.loads.push(command);
      else for (const client of command.clients) this.inbox.get(client)?.push(JSON.parse(command.text));
    }
  }

  connect(client: number): void {
    this.inbox.set(client, []);
    this.step({ kind: "connected", client });
  }

  ask(client: number, request: object | string): void {
    const text = typeof request === "string" ? request : JSON.stringify(request);
    this.step({ kind: "message", client, text });
  }

  answerCandles(klines: readonly Kline[], nowMs = START_MS): void {
    const load = this.loads.shift();
    if (load?.kind !== "load-candles") throw new Error("no load of candles waits");
    this.step({ kind: "candles-loaded", load: load.load, klines, nowMs });
  }

  answerTrades(trades: readonly TradeWithPair[]): void {
    const load = this.loads.shift();
    if (load?.kind !== "load-trades") throw new Error("no load of trades waits");
    this.step({ kind: "trades-loaded", load: load.load, trades });
  }

  /** What a client received since the last call. */
  take(client: number): Message[] {
    return this.inbox.get(client)?.splice(0) ?? [];
  }
}

const CANDLES = { op: "subscribe", channel: "candles", pair: PAIR_A, interval: "1m" };
const TRADES = { op: "subscribe", channel: "trades", pair: PAIR_A };

describe("requests", () => {
  const cases: [string, string | object, RegExp][] = [
    ["no JSON", "{", /not JSON/],
    ["a list", "[]", /not a JSON object/],
    ["null", "null", /not a JSON object/],
    ["an unknown op", { op: "dance" }, /"dance" is not known/],
    ["no op", {}, /\(none\) is not known/],
    ["an unknown channel", { op: "subscribe", channel: "news" }, /"news" is not known/],
    ["no pair", { op: "subscribe", channel: "trades" }, /pair \(none\) is not an address/],
    ["a bad pair", { op: "subscribe", channel: "trades", pair: "'; drop" }, /is not an address/],
    ["a bad interval", { ...CANDLES, interval: "2m" }, /"2m" is not kept/],
    ["a number as interval", { ...CANDLES, interval: 1 }, /interval 1 is not kept/],
  ];
  it.each(cases)("answers %s with an error", (_name, request, message) => {
    const bench = new Bench();
    bench.connect(1);
    bench.ask(1, request);
    expect(bench.take(1)).toEqual([
      { op: "error", code: "BAD_INPUT", message: expect.stringMatching(message), advice: expect.any(String) },
    ]);
  });

  it("answers ping and unsubscribe, and bounds subscriptions", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.ask(1, { op: "ping" });
    for (const channel of ["prices", "status"]) bench.ask(1, { op: "subscribe", channel });
    bench.ask(1, CANDLES);
    bench.ask(1, TRADES);
    bench.ask(1, { op: "unsubscribe", channel: "prices" });
    bench.ask(1, TRADES);
    expect(bench.take(1).map(({ op, channel, code }) => [op, channel ?? code])).toEqual([
      ["pong", undefined],
      ["subscribed", "prices"],
      ["subscribed", "status"],
      ["subscribed", "candles"],
      ["error", "trades"],
      ["unsubscribed", "prices"],
      ["subscribed", "trades"],
    ]);
    expect(bench.hub.subscriptions).toBe(3);
  });

  it("bounds the loads of a client that comes and goes", () => {
    const bench = new Bench();
    bench.connect(1);
    for (let i = 0; i < 40; i++) {
      bench.ask(1, TRADES);
      bench.ask(1, { ...TRADES, op: "unsubscribe" });
    }
    expect(bench.loads.length).toBe(16);
    while (bench.loads.length > 0) bench.answerTrades([]);
    bench.take(1);
    bench.ask(1, TRADES);
    expect(bench.take(1)).toEqual([{ ...TRADES, op: "subscribed" }]);
  });
});

describe("candles", () => {
  it("sends the snapshot first, merged with what was live, and then only what is newer", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.step({ kind: "kline", kline: kline(2, 7), atMs: START_MS });
    bench.ask(1, CANDLES);
    bench.step({ kind: "kline", kline: kline(3, 1), atMs: START_MS });
    bench.answerCandles([kline(1, 4), kline(2, 6)]);
    bench.step({ kind: "kline", kline: kline(3, 1), atMs: START_MS });
    bench.step({ kind: "kline", kline: kline(2, 5), atMs: START_MS });
    bench.step({ kind: "kline", kline: kline(3, 2), atMs: START_MS });
    bench.step({ kind: "kline", kline: kline(3, 9, 1.5, PAIR_B), atMs: START_MS });
    const [subscribed, snapshot, ...updates] = bench.take(1);
    expect(subscribed?.op).toBe("subscribed");
    expect(snapshot).toMatchObject({ op: "snapshot", candles: [kline(1, 4), kline(2, 7), kline(3, 1)] });
    expect(updates).toEqual([{ ...CANDLES, op: "update", candle: kline(3, 2) }]);
    expect(bench.hub.discards["old-revision"]).toBe(2);
  });

  it("brings who follows already up to what a later snapshot knows", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.connect(2);
    bench.ask(1, CANDLES);
    bench.answerCandles([kline(1, 1)]);
    bench.ask(2, CANDLES);
    bench.answerCandles([kline(1, 3)]);
    bench.step({ kind: "kline", kline: kline(1, 2), atMs: START_MS });
    expect(bench.take(1).at(-1)).toMatchObject({ op: "update", candle: { revision: 3 } });
    expect(bench.take(2).at(-1)).toMatchObject({ op: "snapshot", candles: [{ revision: 3 }] });
  });

  it("gives a second subscriber all that changed since the first, though the store is behind", () => {
    const bench = new Bench({ snapshotCandles: 50 });
    bench.connect(1);
    bench.connect(2);
    bench.ask(1, CANDLES);
    bench.answerCandles([]);
    const changed = Array.from({ length: 30 }, (_, minute) => kline(minute, 2));
    for (const candle of changed) bench.step({ kind: "kline", kline: candle, atMs: START_MS });
    bench.ask(2, CANDLES);
    bench.answerCandles(changed.map(({ open_time }) => ({ ...kline(0, 1), open_time })));
    expect(bench.take(2).at(-1)).toMatchObject({ op: "snapshot", candles: changed });
  });

  it("believes the store rather than a live candle of long ago", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.step({ kind: "kline", kline: kline(1, 900), atMs: START_MS });
    bench.ask(1, CANDLES);
    bench.answerCandles([kline(1, 12, 1.7)], START_MS + 60_001);
    expect(bench.take(1).at(-1)).toMatchObject({ op: "snapshot", candles: [kline(1, 12, 1.7)] });
    bench.step({ kind: "kline", kline: kline(1, 901), atMs: START_MS + 60_002 });
    expect(bench.take(1)).toMatchObject([{ op: "update", candle: { revision: 901 } }]);
  });

  it("tells a failed snapshot and forgets the subscription", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.ask(1, CANDLES);
    const load = bench.loads.shift();
    if (load === undefined) throw new Error("no load");
    const error = { code: "DATABASE_UNREACHABLE", message: "It is away.", advice: "Try again." };
    bench.step({ kind: "load-failed", load: load.load, error });
    expect(bench.take(1).at(-1)).toEqual({ ...CANDLES, ...error, op: "error" });
    expect(bench.hub.subscriptions).toBe(0);
  });

  it("holds for any interleaving: no client sees an older revision after a newer one, and all end up equal", () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant("live" as const),
        minute: fc.nat(3),
        step: fc.integer({ min: 1, max: 2 }),
      }),
      fc.record({ kind: fc.constant("repeat" as const), minute: fc.nat(3), back: fc.nat(2) }),
      fc.record({ kind: fc.constant("ask" as const), client: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant("answer" as const), lag: fc.nat(2) }),
      fc.record({ kind: fc.constant("leave" as const), client: fc.integer({ min: 1, max: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const bench = new Bench();
        const truth = [0, 0, 0, 0];
        const stored = (lag: number) =>
          truth.flatMap((revision, minute) => (revision - lag > 0 ? [kline(minute, revision - lag)] : []));
        for (const client of [1, 2, 3]) bench.connect(client);
        for (const act of actions) {
          if (act.kind === "live") {
            truth[act.minute] = (truth[act.minute] ?? 0) + act.step;
            bench.step({ kind: "kline", kline: kline(act.minute, truth[act.minute] ?? 0), atMs: START_MS });
          } else if (act.kind === "repeat") {
            const revision = (truth[act.minute] ?? 0) - act.back;
            if (revision > 0)
              bench.step({ kind: "kline", kline: kline(act.minute, revision), atMs: START_MS });
          } else if (act.kind === "ask") bench.ask(act.client, CANDLES);
          else if (act.kind === "leave") bench.ask(act.client, { ...CANDLES, op: "unsubscribe" });
          else if (bench.loads.length > 0) bench.answerCandles(stored(act.lag));
        }
        while (bench.loads.length > 0) bench.answerCandles(stored(2));
        for (const client of [1, 2, 3]) checkClient(bench.take(client), truth);
      }),
      { numRuns: 300 },
    );
  });
});

/** Replays what one client received as a client would, and compares it with the truth while it follows. */
function checkClient(messages: readonly Message[], truth: readonly number[]): void {
  let seen: Map<number, number> | null = null;
  for (const message of messages) {
    if (message.op === "subscribed" || message.op === "unsubscribed") seen = null;
    if (message.op === "snapshot") {
      seen = new Map((message.candles as Kline[]).map((candle) => [candle.open_time, candle.revision]));
    }
    if (message.op === "update") {
      const candle = message.candle as Kline;
      if (seen === null) throw new Error("an update came before the snapshot");
      expect(candle.revision).toBeGreaterThan(seen.get(candle.open_time) ?? 0);
      seen.set(candle.open_time, candle.revision);
    }
  }
  if (seen === null) return;
  expect([...seen.values()].sort()).toEqual(truth.filter((revision) => revision > 0).sort());
}

describe("trades", () => {
  it("joins the store and what is live without a gap, a repeat or a wrong order", () => {
    const bench = new Bench();
    bench.connect(1);
    const [old, before, during, after] = [1, 2, 3, 4].map((at) => tradeMessage({ slot: at }));
    if (!old || !before || !during || !after) throw new Error("four trades");
    bench.step({ kind: "trades", trades: [before] });
    bench.ask(1, TRADES);
    bench.step({ kind: "trades", trades: [during, tradeMessage({ slot: 3, pair: PAIR_B })] });
    bench.answerTrades([before, old]);
    bench.step({ kind: "trades", trades: [during] });
    bench.step({ kind: "trades", trades: [after] });
    expect(bench.take(1).slice(1)).toEqual([
      { op: "snapshot", channel: "trades", pair: PAIR_A, trades: [during, before, old] },
      { op: "update", channel: "trades", pair: PAIR_A, trades: [after] },
    ]);
    expect(bench.hub.discards["duplicate-trade"]).toBe(1);
  });

  it("takes back the trades of an orphaned block, whether it is known before or after them", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.ask(1, TRADES);
    bench.answerTrades([]);
    bench.step({ kind: "trades", trades: [tradeMessage({ slot: 1, block: "fork" })] });
    bench.step({ kind: "block", blockId: "fork", canonical: false });
    bench.step({ kind: "trades", trades: [tradeMessage({ slot: 1, txIndex: 1, block: "fork" })] });
    expect(bench.take(1).slice(2)).toMatchObject([
      { op: "update" },
      { op: "retract", channel: "trades", pair: PAIR_A, block_id: "fork" },
    ]);
    bench.connect(2);
    bench.ask(2, TRADES);
    bench.answerTrades([tradeMessage({ slot: 1, block: "fork" })]);
    expect(bench.take(2).at(-1)).toMatchObject({ op: "snapshot", trades: [] });
  });
});

describe("prices and status", () => {
  it("sends the last price of each changed pair once", () => {
    const bench = new Bench();
    bench.connect(1);
    bench.ask(1, { op: "subscribe", channel: "prices" });
    bench.take(1);
    for (const change of [priceChange(PAIR_A, 1), priceChange(PAIR_B, 5), priceChange(PAIR_A, 2)]) {
      bench.step({ kind: "price", change });
    }
    bench.step({ kind: "flush-prices" });
    bench.step({ kind: "flush-prices" });
    const [update, ...rest] = bench.take(1);
    expect(rest).toEqual([]);
    expect(update).toMatchObject({ prices: [{ price_usd: 2 }, { price_usd: 5 }] });
    expect(bench.hub.price(PAIR_A)?.price_usd).toBe(2);
  });

  it("keeps a bounded number of pairs, series and trades, and nothing for a client that left", () => {
    const bench = new Bench();
    for (let i = 0; i < 50; i++) bench.step({ kind: "price", change: priceChange(`pair-${i}`, 1) });
    expect(bench.hub.price("pair-39")).toBeUndefined();
    expect(bench.hub.price("pair-40")).toBeDefined();
    bench.connect(1);
    bench.ask(1, CANDLES);
    expect(bench.hub.wantsStatus).toBe(false);
    bench.step({ kind: "disconnected", client: 1 });
    bench.answerCandles([kline(1, 1)]);
    expect(bench.hub.subscriptions).toBe(0);
    expect(bench.hub.clients).toBe(0);
    expect(bench.take(1)).toEqual([{ ...CANDLES, op: "subscribed" }]);
  });
});
