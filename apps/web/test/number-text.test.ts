import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  amountText,
  axisText,
  percentText,
  plainText,
  priceText,
  rateText,
  roughText,
  shortAddress,
} from "../src/number-text.ts";

describe("prices", () => {
  const cases: [number | null, string][] = [
    [null, "–"],
    [Number.NaN, "–"],
    [0, "0"],
    [123_456_789, "123,456,789"],
    [61_837.634, "61,837.63"],
    [1234.5, "1,234.50"],
    [130.256, "130.26"],
    [1, "1.0000"],
    [0.999999, "1.0000"],
    [0.5, "0.5000"],
    [0.01234567, "0.01235"],
    [0.00012346, "0.0001235"],
    [0.0000999999, "0.0001000"],
    [0.00001234, "0.0₄1234"],
    [0.000001234, "0.0₅1234"],
    [1.5e-13, "0.0₁₂1500"],
    [5e-324, "0.0₃₂₃4941"],
    [-0.5, "-0.5000"],
  ];
  it.each(cases)("%s is %s", (value, text) => {
    expect(priceText(value)).toBe(text);
  });

  it("says no other price than the value, within its digits", () => {
    const digits = "₀₁₂₃₄₅₆₇₈₉";
    const read = (text: string) =>
      Number(
        text
          .replaceAll(",", "")
          .replace(/0([₀-₉]+)/, (_match, count: string) =>
            "0".repeat(Number([...count].map((digit) => digits.indexOf(digit)).join(""))),
          ),
      );
    fc.assert(
      fc.property(fc.double({ min: 1e-30, max: 1e15, noNaN: true }), (value) => {
        expect(Math.abs(read(priceText(value)) / value - 1)).toBeLessThan(0.000_501);
      }),
    );
  });

  it("writes an axis with one number of decimals", () => {
    expect([0.9, 1, 1.1].map((value) => axisText(value, 0.95))).toEqual(["0.90000", "1.00000", "1.10000"]);
    expect(axisText(1.23456e-6, 1e-6)).toBe("0.0₅12346");
  });
});

describe("other numbers", () => {
  it.each<[number | null, string]>([
    [null, "–"],
    [0, "0.00%"],
    [0.00001, "0.00%"],
    [-0.00001, "0.00%"],
    [0.05, "+5.00%"],
    [-0.1234, "-12.34%"],
    [1.5, "+150.0%"],
    [12.345, "+1,235%"],
    [1e5, "+>999K%"],
  ])("change %s is %s", (value, text) => {
    expect(percentText(value)).toBe(text);
  });

  it.each<[number | null, string, string, string]>([
    [null, "–", "–", "–"],
    [0, "0.00", "0.00", "0"],
    [0.00001234, "0.0₄123", "0.0₄123", "0.00001234"],
    [12.345, "12.35", "12.35", "12.345"],
    [123.45, "123.5", "123.5", "123.45"],
    [9999, "9,999", "9,999", "9999"],
    [12_345, "12.35K", "1.235万", "12345"],
    [1.234e9, "1.234B", "12.34亿", "1234000000"],
  ])("amount %s is %s, in Chinese %s, in full %s", (value, en, zh, plain) => {
    expect(amountText(value, "en-US")).toBe(en);
    expect(amountText(value, "zh-CN")).toBe(zh);
    expect(plainText(value)).toBe(plain);
  });

  it.each([
    [null, "–", "–"],
    [0.000012345, "0.0₄123", "0.0₄123"],
    [999.4, "999.40", "999.40"],
    [12_345, "12.3K", "1.23万"],
    [8.982e9, "8.98B", "89.8亿"],
  ])("amount %s is about %s, in Chinese %s", (value, en, zh) => {
    expect([roughText(value, "en-US"), roughText(value, "zh-CN")]).toEqual([en, zh]);
  });

  it("shortens", () => {
    expect(shortAddress("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263")).toBe("DezX…B263");
    expect(shortAddress("short")).toBe("short");
    expect([rateText(6.28), rateText(1234.5)]).toEqual(["6.3", "1,235"]);
  });
});
