import { DEFAULT_INTERVALS } from "@candlewick/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store, VerifyCheckName } from "../src/index.ts";
import { expectedCandles, fiftyTrades, recordOf, storedCandles } from "./market.ts";
import { freshStore, SERVERS, sql, type TestServer } from "./servers.ts";

/** Damage by hand, and which checks must see it. */
const DAMAGE: readonly { readonly sql: string; readonly seen: readonly VerifyCheckName[] }[] = [
  { sql: "UPDATE candles SET base_volume = base_volume + 1 WHERE interval = '5m'", seen: ["candles"] },
  { sql: "UPDATE candles SET usd_high = usd_high * 1.0000000001", seen: ["candles"] },
  {
    sql: "UPDATE candles SET base_open_key = base_close_key WHERE base_open_key <> base_close_key",
    seen: ["candles"],
  },
  { sql: "DELETE FROM candles WHERE interval = '1d'", seen: ["candles"] },
  {
    sql: "UPDATE candles SET pair = 'PairNone' WHERE interval = '1h' AND pair = 'PairOne'",
    seen: ["candles"],
  },
  { sql: "UPDATE trades SET price_usd = price_usd * 2", seen: ["prices"] },
  { sql: "UPDATE trades SET order_key = '\\x00'", seen: ["order-keys"] },
  { sql: "DELETE FROM trades WHERE tx LIKE '%tx1'", seen: ["candles", "block-trades", "accounting"] },
  { sql: "UPDATE blocks SET trade_count = trade_count - 1 WHERE trade_count > 0", seen: ["block-trades"] },
  { sql: "UPDATE accounting SET count = count + 1 WHERE kind = 'duplicate'", seen: ["accounting"] },
  { sql: "INSERT INTO slots VALUES ('solana', 7, 'failed', 3, 'no answer')", seen: ["ledger"] },
  { sql: "INSERT INTO slots VALUES ('solana', 7, 'processed', 1, NULL, 'unheard of')", seen: ["ledger"] },
];

describe.each(SERVERS)("verify on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  async function filled(seed: number): Promise<{ store: Store; connection: TestServer["connection"] }> {
    const opened = await freshStore(server);
    const trades = fiftyTrades(seed);
    const blocks = trades.map(
      ({ block }) => ({ slot: block.slot, fork: block.id[0] === "a" ? "a" : "b" }) as const,
    );
    await opened.store.checkpoint({
      group: "g",
      offsets: [{ topic: "t", partition: 0, expected: null, next: 100n }],
      intervals: DEFAULT_INTERVALS,
      trades: [...trades, ...trades.slice(0, 3)],
      blocks: blocks.map((block, index) =>
        recordOf(block, index % 9 === 0 ? "orphaned" : "confirmed", trades),
      ),
      counts: { skipped: { "no-block-time": 2 }, rejected: { unreadable: 1 } },
    });
    return opened;
  }

  test.each(DAMAGE)("sees: $sql", async (damage) => {
    const { store, connection } = await filled(21);
    expect((await store.verify()).checks.filter(({ differences }) => differences > 0)).toEqual([]);
    await sql(connection, damage.sql);
    const report = await store.verify({ maxExamples: 2 });
    expect(report.ok).toBe(false);
    const failed = report.checks.filter(({ differences }) => differences > 0);
    for (const name of damage.seen) expect(failed.map((check) => check.name)).toContain(name);
    for (const check of failed) expect(check.examples.length).toBe(Math.min(2, check.differences));
    await store.close();
  });

  test("repair makes the candles of the trades again", async () => {
    const { store, connection } = await filled(22);
    const before = await storedCandles(store);
    await sql(connection, "UPDATE candles SET token_volume = 1, trades = trades + 1 WHERE interval <> '4h'");
    await sql(connection, "DELETE FROM candles WHERE interval = '4h'");
    await sql(connection, "UPDATE candles SET pair = 'PairNone' WHERE interval = '1h' AND pair = 'PairOne'");
    const report = await store.verify({ repair: true });
    expect(report.ok).toBe(true);
    expect(report.checks.find(({ name }) => name === "candles")?.repaired).toBeGreaterThan(0);
    expect(await storedCandles(store)).toEqual(before);
    await store.close();
  });

  test("ends are read once the state is fixed, so that a group that goes on meanwhile is never beyond them", async () => {
    const { store } = await freshStore(server);
    const advance = (expected: bigint | null, next: bigint) =>
      store.checkpoint({
        group: "g",
        offsets: [{ topic: "t", partition: 0, expected, next }],
        intervals: [],
        trades: [],
        blocks: [],
      });
    await advance(null, 5n);
    const endOffsets = async () => {
      const ends = new Map([["t:0", 7n]]);
      await advance(5n, 9n);
      return ends;
    };
    const report = await store.verify({ progress: { group: "g", endOffsets } });
    expect(report.checks.find(({ name }) => name === "offsets")).toMatchObject({
      differences: 0,
      inFlight: 2,
    });
    await store.close();
  });

  test("what is on its way is no difference while the group is behind", async () => {
    const { store } = await freshStore(server);
    const trades = fiftyTrades(23);
    const [first] = trades;
    if (first === undefined) throw new Error("no trades");
    const block = { slot: first.block.slot, fork: first.block.id[0] === "a" ? "a" : "b" } as const;
    await store.checkpoint({
      group: "g",
      offsets: [{ topic: "t", partition: 0, expected: null, next: 5n }],
      intervals: DEFAULT_INTERVALS,
      trades: [],
      blocks: [recordOf(block, "confirmed", trades)],
    });
    const at = (end: bigint) => ({ progress: { group: "g", endOffsets: new Map([["t:0", end]]) } });
    expect(await store.verify(at(9n))).toMatchObject({ ok: true });
    expect(await store.verify(at(5n))).toMatchObject({ ok: false });
    expect((await store.verify(at(4n))).checks.find(({ name }) => name === "offsets")?.differences).toBe(1);
    await store.checkpoint({ group: "g", offsets: [], intervals: [], trades, blocks: [] });
    expect(await store.verify(at(5n))).toMatchObject({ ok: true });
    expect(await storedCandles(store)).toEqual(expectedCandles(trades, []));
    await store.close();
  });
});
