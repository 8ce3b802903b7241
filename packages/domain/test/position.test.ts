import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePositions, orderKey, type Position, slot } from "../src/index.ts";

const positions: fc.Arbitrary<Position> = fc.record({
  slot: fc.integer({ min: 0, max: 3 }).map(slot),
  txIndex: fc.integer({ min: 0, max: 300 }),
  outer: fc.integer({ min: 0, max: 300 }),
  inner: fc.option(fc.integer({ min: 0, max: 300 })),
  hop: fc.integer({ min: 0, max: 3 }),
});

describe("position", () => {
  test("a top-level swap is before the inner ones of the same instruction", () => {
    const outer: Position = { slot: slot(1), txIndex: 0, outer: 0, inner: null, hop: 0 };
    expect(comparePositions(outer, { ...outer, inner: 0 })).toBeLessThan(0);
    expect(orderKey(outer, "a") < orderKey({ ...outer, inner: 0 }, "a")).toBe(true);
  });

  test("order keys sort as positions do", () => {
    fc.assert(
      fc.property(positions, positions, (a, b) => {
        const byKey = orderKey(a, "block").localeCompare(orderKey(b, "block"));
        expect(Math.sign(byKey)).toBe(Math.sign(comparePositions(a, b)));
      }),
    );
  });

  test("the order stays total over two blocks of one slot", () => {
    const position: Position = { slot: slot(7), txIndex: 1, outer: 2, inner: null, hop: 0 };
    expect(orderKey(position, "forkA")).not.toBe(orderKey(position, "forkB"));
  });

  test("an order key has 46 hexadecimal digits whatever the block id", () => {
    const position: Position = {
      slot: slot(2 ** 53 - 1),
      txIndex: 0xffffff,
      outer: 0xffff,
      inner: 0xfffe,
      hop: 0xff,
    };
    for (const id of ["", "x", "0xabcdef", "中文"]) expect(orderKey(position, id)).toMatch(/^[0-9a-f]{46}$/);
  });

  test("an index that does not fit is refused", () => {
    expect(() => orderKey({ slot: slot(1), txIndex: 0x1000000, outer: 0, inner: null, hop: 0 }, "a")).toThrow(
      RangeError,
    );
    expect(() => slot(-1)).toThrow(RangeError);
    expect(() => slot(1.5)).toThrow(RangeError);
  });
});
