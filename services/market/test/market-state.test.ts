import {
  type BlockRecord,
  type Candle,
  candlesOfTrades,
  DEFAULT_INTERVALS,
  rawAmount,
  slot,
  type Trade,
  tradeId,
  WSOL_MINT,
} from "@candlewick/domain";
import type { MarketSnapshot } from "@candlewick/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DisputedCandles } from "../src/disputed-candles.ts";
import { MarketState } from "../src/market-state.ts";

const START = 1_700_000_000;

function trade(slotOffset: number, txIndex: number, pair: string, amount: bigint, fork = "A"): Trade {
  const at = slot(1000 + slotOffset);
  return {
    block: { chain: "solana", id: `${fork}${at}`, slot: at, time: START + slotOffset },
    tx: `tx${txIndex}`,
    position: { slot: at, txIndex, outer: 0, inner: null, hop: 0 },
    venue: "PumpSwap",
    program: "program",
    pair,
    side: txIndex % 2 === 0 ? "buy" : "sell",
    base: { mint: WSOL_MINT, decimals: 9 },
    token: { mint: `token of ${pair}`, decimals: 6 },
    baseAmount: rawAmount(amount),
    tokenAmount: rawAmount(1_000n),
    poolBaseAmount: rawAmount(amount),
    poolTokenAmount: rawAmount(1_000n),
    baseReserve: null,
    tokenReserve: null,
    baseUsd: 150_000_000_000n,
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}

function orphaned(of: Trade): BlockRecord {
  const { chain, id, slot: at, time } = of.block;
  const unknown = { parentSlot: null, parentId: null, height: null, nativeUsd: null, nativeUsdSlot: null };
  return { chain, id, slot: at, time, status: "orphaned", tradeCount: 0, ...unknown };
}

const EMPTY: MarketSnapshot = {
  chain: "solana",
  headSlot: null,
  headTime: null,
  offsets: new Map(),
  pairs: [],
};

/** The newest published value of every candle that has trades. */
function collect(state: MarketState, into: Map<string, Candle>): void {
  for (const { candle } of state.takeChanges().candles) {
    const name = `${candle.pair}:${candle.interval}:${candle.openMs}`;
    if (candle.trades === 0) into.delete(name);
    else into.set(name, candle);
  }
}

const byName = (candles: Iterable<Candle>): Candle[] =>
  [...candles].sort((a, b) =>
    `${a.pair}${a.interval}${a.openMs}` < `${b.pair}${b.interval}${b.openMs}` ? -1 : 1,
  );

describe("the live view", () => {
  const trades = fc.array(
    fc
      .record({
        slotOffset: fc.integer({ min: 0, max: 200 }),
        txIndex: fc.integer({ min: 0, max: 2 }),
        pair: fc.constantFrom("one", "two"),
        fork: fc.constantFrom("A", "A", "B"),
      })
      .map((r) => ({
        trade: trade(
          r.slotOffset,
          r.pair === "one" ? r.txIndex : r.txIndex + 3,
          r.pair,
          BigInt(r.slotOffset + r.txIndex + 1),
          r.fork,
        ),
      })),
    { minLength: 1, maxLength: 60 },
  );

  test("equals the fold over the distinct trades of blocks that were not taken back, while it is not stale", () => {
    fc.assert(
      fc.property(trades, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (list, dice) => {
        const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 1_000);
        const published = new Map<string, Candle>();
        const orphans = new Set<string>();
        for (const { trade } of list) {
          const roll = dice.next().value;
          state.applyTrade(trade);
          if (roll === 0) state.applyTrade(trade);
          if (roll === 1) {
            orphans.add(trade.block.id);
            state.applyBlock(orphaned(trade));
          }
          if (roll < 5) collect(state, published);
        }
        collect(state, published);
        expect(state.stale).toBeNull();
        const distinct = new Map(list.map(({ trade }) => [tradeId(trade), trade]));
        const canonical = [...distinct.values()].filter(({ block }) => !orphans.has(block.id));
        expect(byName(published.values())).toEqual(byName(candlesOfTrades(canonical, DEFAULT_INTERVALS)));
      }),
    );
  });

  test("settling and forgetting old buckets changes nothing that is published", () => {
    fc.assert(
      fc.property(trades, (list) => {
        const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 30);
        const published = new Map<string, Candle>();
        const inOrder = list.map(({ trade }) => trade).sort((a, b) => a.block.slot - b.block.slot);
        for (const trade of inOrder) {
          state.applyTrade(trade);
          collect(state, published);
        }
        expect(state.stale).toBeNull();
        const distinct = new Map(inOrder.map((trade) => [tradeId(trade), trade]));
        expect(byName(published.values())).toEqual(
          byName(candlesOfTrades(distinct.values(), DEFAULT_INTERVALS)),
        );
      }),
    );
  });

  test("candles that settled before they were told are told whole", () => {
    fc.assert(
      fc.property(trades, (list) => {
        const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 30);
        const inOrder = list.map(({ trade }) => trade).sort((a, b) => a.block.slot - b.block.slot);
        for (const trade of inOrder) state.applyTrade(trade);
        const published = new Map<string, Candle>();
        collect(state, published);
        const distinct = new Map(inOrder.map((trade) => [tradeId(trade), trade]));
        expect(byName(published.values())).toEqual(
          byName(candlesOfTrades(distinct.values(), DEFAULT_INTERVALS)),
        );
      }),
    );
  });

  test("a pair that was quiet for longer than its candles are open is forgotten once it is told", () => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 90);
    const published = new Map<string, Candle>();
    state.applyTrade(trade(0, 0, "gone", 5n));
    collect(state, published);
    for (let hour = 1; hour <= 24; hour++) {
      state.applyTrade(trade(hour * 3_600, 0, "busy", 5n));
      collect(state, published);
    }
    expect(state.pairs).toBe(2);
    state.applyTrade(trade(26 * 3_600, 0, "busy", 5n));
    expect(state.pairs).toBe(1);
    // It comes back as a new one.
    expect(state.applyTrade(trade(26 * 3_600 + 1, 0, "gone", 7n))).toBe("applied");
    expect(state.stale).toBeNull();
    expect(state.takeChanges().candles.some(({ candle }) => candle.pair === "gone")).toBe(true);
  });

  test("an orphaned record may come before its trades", () => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 90);
    const one = trade(0, 0, "one", 5n);
    state.applyBlock(orphaned(one));
    expect(state.applyTrade(one)).toBe("orphaned");
    expect(state.stale).toBeNull();
    expect(state.takeChanges().candles).toEqual([]);
  });

  test("a candle that PostgreSQL tells after a trade of it was refused makes the view stale", () => {
    const state = new MarketState({ ...EMPTY, headTime: START }, DEFAULT_INTERVALS, 90);
    const one = trade(0, 0, "one", 5n);
    state.applyBlock(orphaned(one));
    state.applyTrade(one);
    expect(state.stale).toBeNull();
    // PostgreSQL may have the trade already and not yet the record of its block.
    expect(state.touch("one", START * 1000)).not.toEqual([]);
    expect(state.stale).toMatch(/trades of an orphaned block/);
  });

  test("a block that is taken back is located by trades that the snapshot contains", () => {
    const disputed = new DisputedCandles();
    const snapshot = { ...EMPTY, headTime: START + 200 };
    const state = new MarketState(snapshot, DEFAULT_INTERVALS, 90, undefined, disputed);
    const one = trade(0, 0, "one", 5n);
    state.noteTrade(one);
    expect(state.applyBlock(orphaned(one))).toBe("disputed");
    expect(disputed.takeAll()).toEqual([{ pair: "one", timeMs: START * 1000 }]);
  });

  test("what is later than the horizon makes the view stale instead of wrong", () => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 90);
    state.applyTrade(trade(200, 0, "one", 5n));
    expect(state.stale).toBeNull();
    expect(state.applyTrade(trade(100, 0, "one", 5n))).toBe("late");
    expect(state.stale).toMatch(/later than the horizon/);
  });

  test("a settled block that is orphaned makes the view stale", () => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 90);
    const old = trade(0, 0, "one", 5n);
    state.applyTrade(old);
    state.applyTrade(trade(200, 0, "one", 6n));
    expect(state.stale).toBeNull();
    state.applyBlock(orphaned(old));
    expect(state.stale).toMatch(/only PostgreSQL knows/);
  });

  test("price changes compare with the close that long ago", () => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 90);
    state.applyTrade(trade(0, 0, "one", 1_000n));
    state.applyTrade(trade(400, 0, "one", 1_500n));
    const [price] = state.takeChanges().prices;
    expect(price?.price_usd).toBeCloseTo(0.000225 * 1_000, 9);
    expect(price?.change_5m).toBeCloseTo(0.5, 9);
    expect(price?.change_1h).toBeNull();
  });

  test("a snapshot's trades are known: they are not counted twice", () => {
    const one = trade(0, 0, "one", 5n);
    const [first] = candlesOfTrades([one], DEFAULT_INTERVALS);
    if (first === undefined) throw new Error("no candle");
    const assets = { base: one.base, token: one.token };
    const state = new MarketState(
      {
        ...EMPTY,
        headTime: START,
        pairs: [
          {
            pair: {
              chain: "solana",
              address: "one",
              venue: "PumpSwap",
              program: "program",
              firstSlot: 1000,
              ...assets,
            },
            latest: candlesOfTrades([one], DEFAULT_INTERVALS).map((candle) => ({
              candle,
              revision: 1,
              assets,
            })),
            closes: [{ openMs: first.openMs, base: 1, usd: 2 }],
            recent: [{ trade: one, orderKey: "", priceBase: 1, priceUsd: 2 }],
          },
        ],
      },
      DEFAULT_INTERVALS,
      90,
    );
    expect(state.applyTrade(one)).toBe("duplicate");
    expect(state.applyTrade(trade(1, 0, "one", 7n))).toBe("applied");
    const published = new Map<string, Candle>();
    collect(state, published);
    const expected = candlesOfTrades([one, trade(1, 0, "one", 7n)], DEFAULT_INTERVALS);
    expect(byName(published.values())).toEqual(byName(expected));
  });
});

test("a block that is taken back a quarter of an hour after it settled is not located any more", () => {
  const at = (slotOffset: number) => trade(slotOffset, 0, "one", 1n);
  const outcomes = [900, 1_000].map((later) => {
    const state = new MarketState(EMPTY, DEFAULT_INTERVALS, 30);
    const place = { partition: "sol-blocks:0", offset: 1n };
    state.applyTrade(at(0));
    state.applyBlock({ ...orphaned(at(0)), status: "finalized" }, place);
    state.applyTrade(at(later));
    return state.noteBlock({ ...orphaned(at(0)), status: "orphaned" }, { ...place, offset: 2n }).length;
  });
  expect(outcomes).toEqual([1, 0]);
});
