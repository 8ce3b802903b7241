import { describe, expect, test } from "vitest";
import { applyOpenRule, type Bar, BarSeries, fillGaps, ohlcOf, parseInterval } from "../src/index.ts";

const minute = parseInterval("1m");
const bar = (openMs: number, open: number, close: number): Bar => ({
  openMs,
  open,
  high: Math.max(open, close),
  low: Math.min(open, close),
  close,
  volume: 1n,
  count: 1,
});

describe("bars", () => {
  test("trades fold in any order, by key", () => {
    const series = new BarSeries<number>(minute);
    series.add(61_000, ohlcOf("3", 7), 1n);
    series.add(60_000, ohlcOf("1", 5), 2n);
    series.add(60_500, ohlcOf("2", 9), 4n);
    series.add(0, ohlcOf("0", 1), 8n);
    expect(series.bars()).toEqual([
      { openMs: 0, open: 1, high: 1, low: 1, close: 1, volume: 8n, count: 1 },
      { openMs: 60_000, open: 5, high: 9, low: 5, close: 7, volume: 7n, count: 3 },
    ]);
  });

  test("previous-close opens where the last bar ended and stretches high and low to it", () => {
    const bars = [bar(0, 1, 2), bar(60_000, 5, 4)];
    expect(applyOpenRule(bars, "first-trade")).toEqual(bars);
    expect(applyOpenRule(bars, "previous-close")).toEqual([
      bar(0, 1, 2),
      { ...bar(60_000, 5, 4), open: 2, low: 2 },
    ]);
    expect(applyOpenRule(bars, "previous-close", bar(-60_000, 9, 9))[0]).toMatchObject({ open: 9, high: 9 });
  });

  test("gaps are filled with flat bars of the previous close, within a bound", () => {
    const filled = fillGaps([bar(0, 1, 2), bar(180_000, 5, 4)], minute);
    expect(
      filled.map(({ openMs, open, close, volume, count }) => [openMs, open, close, volume, count]),
    ).toEqual([
      [0, 1, 2, 1n, 1],
      [60_000, 2, 2, 0n, 0],
      [120_000, 2, 2, 0n, 0],
      [180_000, 5, 4, 1n, 1],
    ]);
    expect(() => fillGaps([bar(0, 1, 2), bar(180_000, 5, 4)], minute, 2)).toThrow(/more than 2 bars/);
  });
});
