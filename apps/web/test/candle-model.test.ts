import { describe, expect, it } from "vitest";
import { CandleModel } from "../src/candle-model.ts";
import type { CandleView, Kline } from "../src/wire.ts";

function kline(minute: number, revision: number, close = 2): Kline {
  return {
    ...{ pair_addr: "P", interval: "1m", open_time: minute * 60_000, revision, trades: 1 },
    ...{ base: { open: 1, high: 3, low: 1, close }, usd: null, base_volume: "1.5", usd_volume: "0" },
  };
}

function view(minute: number): CandleView {
  const prices = { open: 1, high: 1, low: 1, close: 1 };
  return { open_time: minute * 60_000, ...prices, volume: "2", trades: 1, revision: 1 };
}

const minutes = (model: CandleModel) => model.candles.map(({ timeMs }) => timeMs / 60_000);

describe("candles on the chart", () => {
  it("takes updates in any order, never an older revision", () => {
    const model = new CandleModel();
    model.snapshot([kline(1, 5), kline(3, 5)], "base");
    expect(model.update(kline(4, 1), "base")).toBe("appended");
    expect(model.update(kline(4, 2, 9), "base")).toBe("last");
    expect(model.update(kline(4, 1, 7), "base")).toBe("none");
    expect(model.update(kline(3, 6), "base")).toBe("earlier");
    expect(model.update(kline(2, 1), "base")).toBe("earlier");
    expect(model.update(kline(0, 1), "base")).toBe("none");
    expect(minutes(model)).toEqual([1, 2, 3, 4]);
    expect(model.last).toMatchObject({ close: 9, volume: 1.5 });
  });

  it("leaves out what has no price in the currency", () => {
    const model = new CandleModel();
    model.snapshot([kline(1, 5)], "usd");
    expect(model.update(kline(2, 5), "usd")).toBe("none");
    expect(model.candles).toEqual([]);
  });

  it("puts history before, once", () => {
    const model = new CandleModel();
    model.snapshot([kline(5, 1)], "base");
    expect(model.prepend([view(3), view(4), view(5)])).toBe(2);
    expect(model.prepend([view(4)])).toBe(0);
    expect(minutes(model)).toEqual([3, 4, 5]);
  });

  it("keeps history over a new snapshot that joins it, and drops it before a hole", () => {
    const model = new CandleModel();
    model.snapshot([kline(3, 1), kline(4, 9)], "base");
    model.prepend([view(1), view(2)]);
    model.snapshot([kline(4, 2, 7), kline(6, 1)], "base");
    expect(minutes(model)).toEqual([1, 2, 3, 4, 6]);
    // The server's word counts, whatever number its revision has.
    expect(model.candles[3]).toMatchObject({ close: 7 });
    model.snapshot([kline(100, 1)], "base");
    expect(minutes(model)).toEqual([100]);
  });
});
