import {
  DEFAULT_INTERVALS,
  type PairFacts,
  rawAmount,
  slot,
  type TokenFacts,
  type Trade,
} from "@candlewick/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../src/index.ts";
import { fiftyTrades } from "./market.ts";
import { freshStore, SERVERS, type TestServer } from "./servers.ts";

const EMPTY: Checkpoint = { group: "g", offsets: [], intervals: DEFAULT_INTERVALS, trades: [], blocks: [] };
const UNKNOWN: PairFacts = {
  baseSymbol: null,
  tokenSymbol: null,
  tokenName: null,
  tokenSupply: null,
  createdSlot: null,
  createdTime: null,
};

describe.each(SERVERS)("facts on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  test("a pair learns what its trades tell: names once, the supply of the newest trade, in any order", async () => {
    const trades = ofOnePair(fiftyTrades(5));
    const tell = (index: number, facts: Partial<PairFacts>): Trade[] => {
      const trade = trades[index];
      return trade === undefined ? [] : [{ ...trade, facts: { ...UNKNOWN, ...facts } }];
    };
    const first = tell(0, { tokenSymbol: "COIN", tokenSupply: rawAmount(1000n) });
    const second = tell(1, {
      tokenSymbol: "FAKE",
      tokenName: 'A "coin"',
      createdSlot: slot(7),
      createdTime: 70,
    });
    const third = tell(2, { baseSymbol: "SOL", tokenSupply: rawAmount(2n ** 100n) });
    const expected = {
      baseSymbol: "SOL",
      tokenName: 'A "coin"',
      tokenSupply: 2n ** 100n,
      createdSlot: 7,
      createdTime: 70,
    };
    for (const batches of [
      [first, second, third],
      [third, first, second],
      [[...first, ...third], second],
    ]) {
      const { store } = await freshStore(server);
      for (const batch of batches) await store.checkpoint({ ...EMPTY, trades: batch });
      const pair = await store.pair(trades[0]?.pair ?? "");
      expect(pair?.facts).toMatchObject(expected);
      expect(pair?.facts?.tokenSymbol).toMatch(/COIN|FAKE/);
      await store.close();
    }
  });

  test("a trade is read back with its clamp and what is known of its pair", async () => {
    const { store } = await freshStore(server);
    const [first, second, third] = ofOnePair(fiftyTrades(5));
    if (first === undefined || second === undefined || third === undefined) throw new Error("too few trades");
    const facts: PairFacts = { ...UNKNOWN, tokenSymbol: "COIN", tokenSupply: rawAmount(1000n) };
    const trades: Trade[] = [{ ...first, clamp: true }, { ...second, clamp: false, facts }, third];
    // Both ways of inserting: as new, and beside what is stored already.
    for (const batch of [trades.slice(0, 1), trades]) await store.checkpoint({ ...EMPTY, trades: batch });
    const found = await store.trades({ pair: first.pair });
    expect((await store.pairs({ search: "coi" })).map(({ address }) => address)).toEqual([first.pair]);
    expect(found.map(({ trade }) => trade).reverse()).toEqual(trades.map((trade) => ({ ...trade, facts })));
    await store.close();
  });

  test("a pair of which nothing is known has no facts", async () => {
    const { store } = await freshStore(server);
    const trades = ofOnePair(fiftyTrades(5));
    await store.checkpoint({ ...EMPTY, trades: trades.slice(0, 2) });
    expect(await store.pair(trades[0]?.pair ?? "")).not.toHaveProperty("facts");
    await store.close();
  });

  test("tokens are read back as they were stored last", async () => {
    const { store } = await freshStore(server);
    const coin = { mint: "coin", decimals: 6, name: 'N"\\', symbol: null, supply: rawAmount(2n ** 64n - 1n) };
    const other = { mint: "other", decimals: 0, name: null, symbol: "O", supply: null };
    await store.saveTokens("solana", []);
    await store.saveTokens("solana", [other, coin]);
    await store.saveTokens("solana", [{ ...other, symbol: "OLD" }, other]);
    const found = await store.tokens("solana", ["coin", "other", "unknown"]);
    expect(new Map([...found].map(([mint, { facts }]) => [mint, facts]))).toEqual(
      new Map<string, TokenFacts>([
        ["coin", coin],
        ["other", other],
      ]),
    );
    expect(Math.abs((found.get("coin")?.readAtMs ?? 0) - Date.now())).toBeLessThan(600_000);
    expect(await store.tokens("ethereum", ["coin"])).toEqual(new Map());
    await store.close();
  });

  test("a pool's creation is the one in the lowest slot", async () => {
    const { store } = await freshStore(server);
    const pool = {
      pool: "p",
      blockId: "b",
      slot: slot(9),
      time: 90,
      venue: "PumpFun",
      tx: "t",
      creator: "c",
    } as const;
    const earlier = { ...pool, blockId: "a", slot: slot(8), time: null, creator: null };
    for (const pools of [[pool], [earlier], [pool], []]) await store.savePools("solana", pools);
    expect(await store.pools("solana", ["p", "q"])).toEqual(new Map([["p", earlier]]));
    await store.close();
  });
});

/** Trades of the pair that has most, oldest first. */
function ofOnePair(trades: readonly Trade[]): Trade[] {
  const groups = [...Map.groupBy(trades, (trade) => trade.pair).values()];
  const most = groups.reduce((a, b) => (a.length >= b.length ? a : b));
  return most.toSorted((a, b) => a.position.slot - b.position.slot).filter(isAlone);
}

/** One trade a slot, so that the order of the slots is that of the keys. */
function isAlone(trade: Trade, index: number, list: readonly Trade[]): boolean {
  return list.findIndex(({ position }) => position.slot === trade.position.slot) === index;
}
