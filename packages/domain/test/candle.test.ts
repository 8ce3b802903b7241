import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bodyOfTrade,
  type Candle,
  type CandleBody,
  candlesOfTrades,
  comparePositions,
  DEFAULT_INTERVALS,
  mergeBodies,
  parseInterval,
  priceInBase,
  priceInUsd,
  type Trade,
} from "../src/index.ts";
import { arbitraryTrade, distinctTrades } from "./arbitrary.ts";

const sorted = (candles: Candle[]): Candle[] =>
  candles.sort((a, b) =>
    `${a.pair}${a.interval}${a.openMs}` < `${b.pair}${b.interval}${b.openMs}` ? -1 : 1,
  );

/** The definition, word by word, without the fold: sort by position and look at the ends. */
function definition(trades: Trade[]): Partial<CandleBody> {
  const priced = trades.filter((trade) => priceInBase(trade) !== null);
  const inOrder = priced.sort(
    (a, b) => comparePositions(a.position, b.position) || (a.block.id < b.block.id ? -1 : 1),
  );
  const prices = inOrder.map(priceInUsd).filter((price) => price !== null);
  return {
    tokenVolume: priced.reduce((sum, trade) => sum + trade.tokenAmount, 0n),
    trades: priced.length,
    usd:
      prices.length === 0
        ? null
        : expect.objectContaining({
            open: prices[0],
            close: prices.at(-1),
            high: Math.max(...prices),
            low: Math.min(...prices),
          }),
  };
}

describe("candle", () => {
  test("merging is commutative and associative", () => {
    fc.assert(
      fc.property(arbitraryTrade, arbitraryTrade, arbitraryTrade, (x, y, z) => {
        const [a, b, c] = [bodyOfTrade(x), bodyOfTrade(y), bodyOfTrade(z)];
        // Two trades at the very same place are one trade: the fold is over distinct ones.
        fc.pre(new Set([a.base?.openKey, b.base?.openKey, c.base?.openKey]).size === 3);
        expect(mergeBodies(a, b)).toEqual(mergeBodies(b, a));
        expect(mergeBodies(mergeBodies(a, b), c)).toEqual(mergeBodies(a, mergeBodies(b, c)));
      }),
    );
  });

  test("order of arrival and batching cannot change one bit", () => {
    fc.assert(
      fc.property(distinctTrades, fc.integer({ min: 0, max: 60 }), (trades, cut) => {
        const whole = sorted(candlesOfTrades(trades, DEFAULT_INTERVALS));
        const merged = new Map<string, Candle>();
        for (const part of [trades.slice(cut), trades.slice(0, cut)]) {
          for (const candle of candlesOfTrades([...part].reverse(), DEFAULT_INTERVALS)) {
            const name = `${candle.pair}${candle.interval}${candle.openMs}`;
            const known = merged.get(name);
            merged.set(name, known === undefined ? candle : { ...known, ...mergeBodies(known, candle) });
          }
        }
        expect(sorted([...merged.values()])).toEqual(whole);
      }),
    );
  });

  test("open and close are the prices at the least and greatest position", () => {
    const day = parseInterval("1w");
    fc.assert(
      fc.property(distinctTrades, (trades) => {
        for (const candle of candlesOfTrades(trades, [day])) {
          const own = trades.filter((trade) => trade.pair === candle.pair);
          expect(candle).toMatchObject(definition(own));
        }
      }),
    );
  });

  test("longer intervals are the fold of shorter ones", () => {
    const [minute, hour] = [parseInterval("1m"), parseInterval("1h")];
    fc.assert(
      fc.property(distinctTrades, (trades) => {
        const hours = sorted(candlesOfTrades(trades, [hour]));
        for (const candle of hours) {
          const minutes = candlesOfTrades(trades, [minute]).filter(
            ({ pair, openMs }) =>
              pair === candle.pair && Math.floor(openMs / hour.ms) * hour.ms === candle.openMs,
          );
          const { chain, pair, interval, openMs, ...body } = candle;
          expect(
            minutes.map(({ chain, pair, interval, openMs, ...rest }) => rest).reduce(mergeBodies),
          ).toEqual(body);
          expect([chain, pair, interval, openMs]).toBeDefined();
        }
      }),
    );
  });

  test("a trade with a zero side has no price and belongs to no candle", () => {
    fc.assert(
      fc.property(arbitraryTrade, (trade) => {
        const zero = trade.poolBaseAmount === 0n || trade.poolTokenAmount === 0n;
        expect(priceInBase(trade) === null).toBe(zero);
        expect(candlesOfTrades([trade], DEFAULT_INTERVALS)).toHaveLength(zero ? 0 : DEFAULT_INTERVALS.length);
      }),
    );
  });

  test("a trade without block time belongs to no candle", () => {
    const [trade] = fc.sample(arbitraryTrade, 1);
    if (trade === undefined) throw new Error("no sample");
    const timeless = { ...trade, block: { ...trade.block, time: null } };
    expect(() => candlesOfTrades([timeless], DEFAULT_INTERVALS)).toThrow(/without block time/);
  });
});
