import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { divideToFloat, formatDecimal, parseDecimal, powerOfTen } from "../src/index.ts";

const amounts = fc.bigInt({ min: 1n, max: 2n ** 128n });

/** The exact value of a float64 as a fraction. */
function fraction(value: number): { numerator: bigint; denominator: bigint } {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

/** The float64 next to a positive `value` in the direction given. */
function neighbour(value: number, direction: 1n | -1n): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + direction);
  return bits.getFloat64(0);
}

describe("divideToFloat", () => {
  test("is the nearest float64: no neighbour is nearer", () => {
    fc.assert(
      fc.property(amounts, amounts, (numerator, denominator) => {
        const result = divideToFloat(numerator, denominator);
        const distance = (value: number): bigint => {
          const other = fraction(value);
          const difference = numerator * other.denominator - other.numerator * denominator;
          // Over a common denominator, so that distances of different floats compare.
          const scale = 2n ** 300n / other.denominator;
          return (difference < 0n ? -difference : difference) * scale;
        };
        expect(distance(result) <= distance(neighbour(result, 1n))).toBe(true);
        expect(distance(result) <= distance(neighbour(result, -1n))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("rounds a tie to even, and what is just above a tie up", () => {
    const tie = (2n ** 53n + 1n) * 2n ** 70n;
    expect(divideToFloat(tie, 2n ** 70n)).toBe(2 ** 53);
    expect(divideToFloat(tie + 1n, 2n ** 70n)).toBe(2 ** 53 + 2);
  });

  test.each([
    [0n, 5n, 0],
    [1n, 3n, 1 / 3],
    [10n ** 30n, 10n ** 29n, 10],
    [123_456_789n, powerOfTen(30), 1.23456789e-22],
  ])("%s / %s", (numerator, denominator, expected) => {
    expect(divideToFloat(numerator, denominator)).toBe(expected);
  });

  test("refuses zero and negative operands", () => {
    expect(() => divideToFloat(1n, 0n)).toThrow(RangeError);
    expect(() => divideToFloat(-1n, 1n)).toThrow(RangeError);
  });
});

describe("decimals", () => {
  test("format and parse are inverse", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.integer({ min: 0, max: 30 }),
        (units, scale) => {
          expect(parseDecimal(formatDecimal(units, scale), scale)).toBe(units);
        },
      ),
    );
  });

  test.each([
    ["61837.63000000", 8, 6_183_763_000_000n],
    ["1e-7", 8, 10n],
    ["-0.5", 1, -5n],
    [".5", 1, 5n],
    ["5.", 0, 5n],
    ["1.500", 1, 15n],
  ])("parses %s", (text, scale, expected) => {
    expect(parseDecimal(text, scale)).toBe(expected);
  });

  test.each(["", ".", "abc", "1,5", "0x10", "NaN", "1.23"])("refuses %j", (text) => {
    expect(() => parseDecimal(text, 1)).toThrow(RangeError);
  });
});
