import { DEFAULT_INTERVALS, orderKey, priceInBase, priceInUsd, type Trade } from "@candlewick/domain";
import { ERRORS } from "@candlewick/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint, TradeCursor } from "../src/index.ts";
import {
  arbitraryTrade,
  blockId,
  expectedCandles,
  fiftyTrades,
  recordOf,
  storedCandles,
  type TestBlock,
} from "./market.ts";
import { freshStore, SERVERS, sql, type TestServer } from "./servers.ts";

function firstPlace(trades: readonly Trade[], pair: string): number {
  return trades.findIndex((trade) => trade.pair === pair);
}

function compareKeys(a: Trade, b: Trade): number {
  return orderKey(a.position, a.block.id) < orderKey(b.position, b.block.id) ? -1 : 1;
}

const EMPTY: Checkpoint = { group: "g", offsets: [], intervals: DEFAULT_INTERVALS, trades: [], blocks: [] };

describe.each(SERVERS)("checkpoint on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  test("offsets move by compare and swap, and a fenced batch writes nothing", async () => {
    const { store } = await freshStore(server);
    const [trade] = fc.sample(arbitraryTrade, { numRuns: 1, seed: 1 });
    const at = (expected: bigint | null, next: bigint, trades: readonly Trade[] = []) =>
      store.checkpoint({ ...EMPTY, trades, offsets: [{ topic: "t", partition: 1, expected, next }] });
    await at(null, 5n);
    await expect(at(null, 6n)).rejects.toMatchObject({ code: ERRORS.fenced.code, retry: "refresh" });
    await expect(at(4n, 6n, trade === undefined ? [] : [trade])).rejects.toMatchObject({ code: "FENCED" });
    await at(5n, 9n);
    expect(await store.offsets("g", [{ topic: "t", partition: 1 }])).toEqual(new Map([["t:1", 9n]]));
    expect(await store.offsets("other", [{ topic: "t", partition: 1 }])).toEqual(new Map());
    expect(await storedCandles(store)).toEqual([]);
    expect((await store.status()).chains).toEqual([]);
    await store.close();
  });

  test("a trade is read back as it was stored, newest first, page by page", async () => {
    const { store } = await freshStore(server);
    const trades = fiftyTrades(5);
    await store.checkpoint({ ...EMPTY, trades });
    const found: Trade[] = [];
    for (const pair of new Set(trades.map((trade) => trade.pair))) {
      for (let before: TradeCursor | undefined; ; ) {
        const page = await store.trades({ pair, limit: 7, ...(before === undefined ? {} : { before }) });
        for (const { trade, priceBase, priceUsd } of page) {
          expect([priceBase, priceUsd]).toEqual([priceInBase(trade), priceInUsd(trade)]);
          found.push(trade);
        }
        const last = page.at(-1);
        if (last === undefined) break;
        before = { time: last.trade.block.time ?? 0, orderKey: last.orderKey };
      }
    }
    const newestFirst = trades.toSorted(
      (a, b) => firstPlace(trades, a.pair) - firstPlace(trades, b.pair) || compareKeys(b, a),
    );
    expect(found).toEqual(newestFirst);
    await store.close();
  });

  test("duplicates count once, in a batch and over batches", async () => {
    const { store } = await freshStore(server);
    const trades = fiftyTrades(7);
    const first = await store.checkpoint({ ...EMPTY, trades: [...trades, ...trades.slice(0, 5)] });
    expect(first).toMatchObject({ inserted: trades.length, duplicate: 5 });
    const second = await store.checkpoint({ ...EMPTY, trades });
    expect(second).toMatchObject({ inserted: 0, duplicate: trades.length, candles: 0 });
    expect(await storedCandles(store)).toEqual(expectedCandles(trades, []));
    await store.close();
  });

  test("a trade that no table can hold is poison and leaves the batch unwritten", async () => {
    const { store } = await freshStore(server);
    const [trade, ...others] = fiftyTrades(13);
    if (trade === undefined) throw new Error("no trade");
    const noTime = { ...trade, block: { ...trade.block, time: null } };
    for (const bad of [
      noTime,
      { ...trade, maker: "a\0b" },
      { ...trade, token: { mint: "\0", decimals: 6 } },
    ]) {
      await expect(store.checkpoint({ ...EMPTY, trades: [...others, bad] })).rejects.toMatchObject({
        code: "POISON",
        message: expect.stringContaining(`"${trade.tx}"`),
      });
    }
    const nul = { ...recordOf({ slot: 1, fork: "a" }, "processed", []), parentId: "\0" };
    await expect(store.checkpoint({ ...EMPTY, trades: others, blocks: [nul] })).rejects.toMatchObject({
      code: "POISON",
    });
    expect(await storedCandles(store)).toEqual([]);
    await store.close();
  });

  test("after batches without duplicates the faster way is taken, and left where one comes", async () => {
    const { store } = await freshStore(server);
    const trades = fiftyTrades(17);
    for (let i = 0; i < 40; i += 10) await store.checkpoint({ ...EMPTY, trades: trades.slice(i, i + 10) });
    const mixed = await store.checkpoint({ ...EMPTY, trades: trades.slice(35) });
    expect(mixed).toMatchObject({ inserted: 10, duplicate: 5 });
    expect(await storedCandles(store)).toEqual(expectedCandles(trades, []));
    expect(await store.verify()).toMatchObject({ ok: true });
    await store.close();
  });

  test("an orphaned block takes its trades out, before or after them; finality brings them back", async () => {
    const trades = fiftyTrades(11);
    const block: TestBlock = {
      slot: trades[0]?.block.slot ?? 0,
      fork: trades[0]?.block.id[0] === "a" ? "a" : "b",
    };
    const orphaned = recordOf(block, "orphaned", trades);
    for (const order of ["before", "after", "with"]) {
      const { store } = await freshStore(server);
      if (order === "before") await store.checkpoint({ ...EMPTY, blocks: [orphaned] });
      await store.checkpoint({ ...EMPTY, trades, blocks: order === "with" ? [orphaned] : [] });
      if (order === "after") await store.checkpoint({ ...EMPTY, blocks: [orphaned] });
      expect(await storedCandles(store)).toEqual(expectedCandles(trades, [orphaned]));
      await store.checkpoint({ ...EMPTY, blocks: [recordOf(block, "confirmed", trades)] });
      expect(await storedCandles(store)).toEqual(expectedCandles(trades, [orphaned]));
      const listed = await store.trades({ pair: trades[0]?.pair ?? "" });
      expect(listed.some(({ trade }) => trade.block.id === blockId(block))).toBe(false);
      const restored = await store.checkpoint({ ...EMPTY, blocks: [recordOf(block, "finalized", trades)] });
      expect(restored.restored).toBeGreaterThan(0);
      expect(await storedCandles(store)).toEqual(expectedCandles(trades, []));
      await store.close();
    }
  });

  test("a new interval is made for the trades that are there", async () => {
    const { store, connection } = await freshStore(server);
    const trades = fiftyTrades(3);
    const week = { name: "1w", ms: 604_800_000 };
    await store.checkpoint({ ...EMPTY, intervals: [week], trades: trades.slice(0, 20) });
    await store.checkpoint({ ...EMPTY, trades: trades.slice(20) });
    expect(await storedCandles(store, [...DEFAULT_INTERVALS, week])).toEqual(
      expectedCandles(trades, [], [...DEFAULT_INTERVALS, week]),
    );
    expect(
      await sql(connection, "SELECT tableoid::regclass::text AS p FROM trades GROUP BY 1 ORDER BY 1"),
    ).toEqual([{ p: "trades_2025_04" }, { p: "trades_2025_05" }]);
    await store.close();
  });
});
