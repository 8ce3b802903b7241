import { bucketOpenMs, DEFAULT_INTERVALS, slot, type Trade, USDC_MINT } from "@candlewick/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint, Store } from "../src/index.ts";
import { blockTime, expectedCandles, fiftyTrades, recordOf } from "./market.ts";
import { freshStore, SERVERS, type TestServer } from "./servers.ts";

const BATCH: Checkpoint = {
  group: "g",
  offsets: [{ topic: "t", partition: 0, expected: null, next: 100n }],
  intervals: DEFAULT_INTERVALS,
  trades: [],
  blocks: [],
};

describe.each(SERVERS)("reads on $name", ({ start }) => {
  let server: TestServer;
  let store: Store;
  const trades = fiftyTrades(41);
  const head = { slot: 30, fork: "a" } as const;
  beforeAll(async () => {
    server = await start();
    ({ store } = await freshStore(server));
    await store.checkpoint({ ...BATCH, trades, blocks: [recordOf(head, "processed", trades)] });
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  const of = (pair: string): Trade[] => trades.filter((trade) => trade.pair === pair);
  const usdVolume = (pair: string): bigint =>
    expectedCandles(of(pair), [], DEFAULT_INTERVALS)
      .filter(({ interval }) => interval === "1h")
      .reduce((sum, candle) => sum + candle.usdVolume, 0n);

  test("pairs: by dollars in 24 hours, with their last trade", async () => {
    const pairs = await store.pairs();
    expect(pairs.map(({ address }) => address).sort()).toEqual(["PairOne", "PairThree", "PairTwo"]);
    for (const pair of pairs) {
      expect(pair.usdVolume24h).toBe(usdVolume(pair.address));
      expect(pair.lastTrade?.time).toBe(Math.max(...of(pair.address).map(({ block }) => block.time ?? 0)));
      expect(await store.pair(pair.address)).toEqual(pair);
    }
    const dollars = pairs.map((pair) => Number(pair.usdVolume24h) / 10 ** (pair.base.decimals + 9));
    expect(dollars).toEqual(dollars.toSorted((a, b) => b - a));
    expect((await store.pairs({ sort: "last-trade", limit: 2 })).length).toBe(2);
    expect(await store.pair("unknown")).toBe(null);
  });

  test.each([
    { search: "PairT", found: ["PairThree", "PairTwo"] },
    { search: "usdc", found: ["PairTwo"] },
    { search: USDC_MINT, found: ["PairTwo"] },
    { search: "token3", found: ["PairThree"] },
    { search: 'tok"en\\1', found: ["PairOne"] },
    { search: "%", found: [] },
    { search: " ", found: ["PairOne", "PairThree", "PairTwo"] },
  ])("pairs that match $search", async ({ search, found }) => {
    expect((await store.pairs({ search })).map(({ address }) => address).sort()).toEqual(found);
  });

  test("candles: bounds, order, limit", async () => {
    const all = expectedCandles(of("PairOne"), []).filter(({ interval }) => interval === "1m");
    const query = { pair: "PairOne", interval: "1m" };
    const middle = all[Math.floor(all.length / 2)]?.openMs ?? 0;
    const candles = async (more: object) =>
      (await store.candles({ ...query, ...more })).map(({ candle }) => candle);
    expect(await candles({})).toEqual(all);
    expect(await candles({ order: "newest-first" })).toEqual(all.toReversed());
    expect(await candles({ fromMs: middle })).toEqual(all.filter(({ openMs }) => openMs >= middle));
    expect(await candles({ toMs: middle })).toEqual(all.filter(({ openMs }) => openMs < middle));
    expect(await candles({ limit: 1, order: "newest-first" })).toEqual(all.slice(-1));
    await expect(candles({ limit: 0 })).rejects.toMatchObject({ code: "USAGE" });
    const [first] = await store.candles(query);
    expect(first).toMatchObject({ revision: 1, assets: { base: { decimals: 9 }, token: { decimals: 6 } } });
  });

  test("snapshot: offsets, latest candles, closes, recent trades", async () => {
    const headTime = blockTime(head);
    const snapshot = await store.snapshot("g", { recentSeconds: 300 });
    expect(snapshot).toMatchObject({ headSlot: 30, headTime, offsets: new Map([["t:0", 100n]]) });
    expect(snapshot.pairs.map(({ pair }) => pair.address)).toEqual(["PairOne", "PairThree", "PairTwo"]);
    for (const { pair, latest, closes, recent } of snapshot.pairs) {
      const candles = expectedCandles(of(pair.address), []);
      for (const { candle } of latest) {
        expect(candle).toEqual(candles.filter(({ interval }) => interval === candle.interval).at(-1));
      }
      expect(latest.length).toBe(DEFAULT_INTERVALS.length);
      const minutes = candles.filter(({ interval }) => interval === "1m");
      expect(closes).toEqual(
        minutes.map(({ openMs, base, usd }) => ({ openMs, base: base?.close, usd: usd?.close ?? null })),
      );
      expect(recent.map(({ trade }) => trade.tx).sort()).toEqual(
        of(pair.address)
          .filter(({ block }) => (block.time ?? 0) >= headTime - 300)
          .map(({ tx }) => tx)
          .sort(),
      );
    }
    expect(await store.snapshot("g", { chain: "ethereum", recentSeconds: 1 })).toMatchObject({ pairs: [] });
  });

  test("status: head, counts, offsets, accounting", async () => {
    const status = await store.status();
    expect(status.chains).toMatchObject([
      { chain: "solana", headSlot: 30, headTime: blockTime(head), pairs: 3, trades: 50, unsettledSlots: 0 },
    ]);
    expect(status.offsets.get("g")?.get("t:0")).toBe(100n);
    expect(status.accounting.get("g")).toEqual(
      new Map([
        ["applied", 50n],
        ["block:processed", 1n],
        ["received", 50n],
      ]),
    );
  });

  test("late trades are told from those in time", async () => {
    const [one] = fiftyTrades(42);
    const late = { ...one, block: { ...one?.block, id: "zz-block" } } as Trade;
    const result = await store.checkpoint({ ...BATCH, offsets: [], trades: [late] });
    const [shortest] = DEFAULT_INTERVALS;
    if (shortest === undefined) throw new Error("no interval");
    const closed =
      bucketOpenMs(shortest, (late.block.time ?? 0) * 1000) + shortest.ms <= blockTime(head) * 1000;
    expect(result).toMatchObject({ late: closed ? 1 : 0, applied: closed ? 0 : 1 });
  });

  test("snapshot: the close before the window is the price at which it begins", async () => {
    const [before] = (await store.snapshot("g", { recentSeconds: 0 })).pairs
      .filter(({ pair }) => pair.address === "PairOne")
      .map(({ closes }) => closes.at(-1));
    const [one] = fiftyTrades(43).filter(({ pair, baseAmount }) => pair === "PairOne" && baseAmount > 2_000n);
    if (one === undefined) throw new Error("no trade");
    const time = blockTime(head) + 24.5 * 3_600;
    const trade = { ...one, block: { ...one.block, id: "next-day", slot: slot(900), time } };
    const record = { ...recordOf(head, "processed", [trade]), id: "next-day", slot: slot(900), time };
    await store.checkpoint({ ...BATCH, offsets: [], trades: [trade], blocks: [record] });
    const { pairs } = await store.snapshot("g", { recentSeconds: 0 });
    const closes = pairs.find(({ pair }) => pair.address === "PairOne")?.closes ?? [];
    expect(closes.map(({ openMs }) => openMs)).toEqual([before?.openMs, Math.floor(time / 60) * 60_000]);
    expect(closes[0]).toEqual(before);
  });
});

describe.each(SERVERS)("ingest's state on $name", ({ start }) => {
  let server: TestServer;
  let store: Store;
  beforeAll(async () => {
    server = await start();
    ({ store } = await freshStore(server));
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  test("a cursor is kept exactly", async () => {
    expect(await store.cursor("devnet")).toBe(null);
    const bare = { slot: 5, blockId: null, blockTime: null, solPrice: null };
    const full = {
      slot: 332_254_855,
      blockId: "block",
      blockTime: 1_745_000_000,
      solPrice: { usd: 150_123_456_789n, slot: 332_254_850, time: 1_744_999_998 },
    };
    for (const cursor of [bare, full, bare]) {
      await store.saveCursor("devnet", cursor);
      expect(await store.cursor("devnet")).toEqual(cursor);
    }
  });

  test("a slot never becomes less settled", async () => {
    const entry = (slot: number, status: "missing" | "failed" | "skipped" | "processed", attempts = 1) => ({
      slot,
      status,
      attempts,
      reason: status === "failed" ? "no answer" : null,
      blockId: status === "processed" ? `block ${slot}` : null,
    });
    await store.recordSlots("solana", [entry(3, "failed"), entry(1, "missing"), entry(2, "processed")]);
    await store.recordSlots("solana", [entry(2, "failed"), entry(3, "failed", 2), entry(3, "missing")]);
    expect(await store.unsettledSlots("solana", 10)).toEqual([entry(1, "missing"), entry(3, "failed", 2)]);
    expect(await store.unsettledSlots("solana", 1)).toEqual([entry(1, "missing")]);
    expect(await store.unsettledSlots("ethereum", 10)).toEqual([]);
    await store.recordSlots("solana", [entry(1, "skipped"), entry(3, "processed")]);
    await store.recordSlots("solana", []);
    expect(await store.unsettledSlots("solana", 10)).toEqual([]);
  });
});
