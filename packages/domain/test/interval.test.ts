import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketOpenMs, DEFAULT_INTERVALS, parseInterval } from "../src/index.ts";

describe("interval", () => {
  test("the seven intervals of every pair", () => {
    expect(DEFAULT_INTERVALS.map(({ name }) => name)).toEqual(["1m", "5m", "15m", "1h", "4h", "12h", "1d"]);
  });

  test("buckets are half-open: the opening belongs to it, the end does not", () => {
    const minute = parseInterval("1m");
    expect(bucketOpenMs(minute, 60_000)).toBe(60_000);
    expect(bucketOpenMs(minute, 119_999)).toBe(60_000);
    expect(bucketOpenMs(minute, 120_000)).toBe(120_000);
  });

  test("weeks start on Monday, days at midnight UTC", () => {
    const wednesday = Date.parse("2026-11-25T13:00:00Z");
    expect(new Date(bucketOpenMs(parseInterval("1w"), wednesday)).toISOString()).toBe(
      "2026-11-23T00:00:00.000Z",
    );
    expect(new Date(bucketOpenMs(parseInterval("1d"), wednesday)).toISOString()).toBe(
      "2026-11-25T00:00:00.000Z",
    );
  });

  test("every time is in its bucket, and a bucket's opening opens itself", () => {
    const intervals = fc
      .constantFrom("1s", "7s", "1m", "45m", "4h", "1d", "3d", "1w", "2w")
      .map(parseInterval);
    fc.assert(
      fc.property(intervals, fc.integer({ min: -(10 ** 13), max: 10 ** 13 }), (interval, timeMs) => {
        const openMs = bucketOpenMs(interval, timeMs);
        expect(openMs <= timeMs && timeMs < openMs + interval.ms).toBe(true);
        expect(bucketOpenMs(interval, openMs)).toBe(openMs);
      }),
    );
  });

  test.each(["", "m", "0m", "1", "1M", "-1m", "1.5h", "100000m"])("refuses %j", (name) => {
    expect(() => parseInterval(name)).toThrow(/is not an interval/);
  });
});
