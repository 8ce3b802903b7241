import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clamps, rawAmount, type SignedSwap, slot } from "../src/index.ts";

/** `a>` buys as signer a in its own transaction, `a<` sells; a digit behind names another pool. */
function block(text: string): SignedSwap[] {
  return text.split(" ").map((step, txIndex) => swapOf(step, txIndex));
}

function swapOf(step: string, txIndex: number): SignedSwap {
  const [signer = "", direction, pool = "0"] = step;
  const [paid, got] = direction === ">" ? ["sol", "coin"] : ["coin", "sol"];
  const one = rawAmount(1n);
  return {
    signer,
    swap: {
      position: { slot: slot(1), txIndex, outer: 0, inner: null, hop: 0 },
      tx: `tx ${txIndex}`,
      venue: "PumpSwap",
      program: "program",
      pool,
      assetIn: { mint: paid, decimals: 9 },
      assetOut: { mint: got, decimals: 9 },
      userIn: one,
      userOut: one,
      poolIn: one,
      poolOut: one,
      reserveIn: null,
      reserveOut: null,
      quoteMint: "sol",
      maker: "a program's own account",
      recipient: null,
      routeId: null,
    },
  };
}

function markedIn(swaps: readonly SignedSwap[]): number[] {
  const marked = clamps(swaps);
  return swaps.flatMap(({ swap }) => (marked.has(swap) ? [swap.position.txIndex] : []));
}

describe("clamps", () => {
  test.each<[string, string, number[]]>([
    ["a sandwich", "a> b> a<", [0, 2]],
    ["one the other way round", "a< b< a>", [0, 2]],
    ["around a trade of any direction", "a> b< a<", [0, 2]],
    ["around several", "a> b> c> d< a<", [0, 4]],
    ["sold in two parts", "a> b> a< a<", [0, 2, 3]],
    ["two of two signers", "a> c> b> a< c<", [0, 1, 3, 4]],
    ["nobody in between", "a> a< b>", []],
    ["nobody after", "a> b>", []],
    ["the same direction", "a> b> a>", []],
    ["another pool", "a>0 b>0 a<1", []],
    ["somebody at another pool in between", "a>0 b>1 a<0", []],
    ["two pools side by side", "a>0 a>1 b>1 b>0 a<0 a<1", [0, 1, 4, 5]],
    ["only the inner part", "a> a< b> a>", [1, 3]],
    ["a round trip before, somebody, the way back", "a> a< b> a> a<", [0, 1, 3, 4]],
  ])("%s: %s", (_, text, expected) => {
    expect(markedIn(block(text))).toEqual(expected);
  });

  test("not within one transaction", () => {
    const swaps = block("a> b> a<");
    const together = swaps.map(({ swap, signer }, outer) => ({
      signer,
      swap: { ...swap, position: { ...swap.position, txIndex: 0, outer } },
    }));
    expect(markedIn(together)).toEqual([]);
  });

  const step = fc
    .record({
      signer: fc.constantFrom("a", "b", "c"),
      way: fc.constantFrom("<", ">"),
      pool: fc.constantFrom("0", "1"),
    })
    .map(({ signer, way, pool }) => signer + way + pool);

  test("are those that the definition names, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), fc.nat(), (steps, turn) => {
        const swaps = block(steps.join(" "));
        const isClamped = (one: SignedSwap, index: number) =>
          swaps.some((other, at) => {
            const pair = other.signer === one.signer && other.swap.pool === one.swap.pool;
            if (!pair || other.swap.assetIn.mint === one.swap.assetIn.mint) return false;
            const between = swaps.slice(Math.min(at, index) + 1, Math.max(at, index));
            return between.some(({ signer, swap }) => signer !== one.signer && swap.pool === one.swap.pool);
          });
        const expected = swaps.flatMap((one, index) => (isClamped(one, index) ? [index] : []));
        expect(markedIn(swaps)).toEqual(expected);
        const turned = [
          ...swaps.slice(turn % swaps.length),
          ...swaps.slice(0, turn % swaps.length),
        ].reverse();
        expect(markedIn(turned).toSorted((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
