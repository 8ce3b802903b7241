import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planReset, type ResetTarget } from "../src/index.ts";

const PARTITIONS = [
  { topic: "t", partition: 0 },
  { topic: "t", partition: 1 },
];
const FACTS = {
  committed: new Map([["t:0", 50n]]),
  first: new Map([
    ["t:0", 10n],
    ["t:1", 0n],
  ]),
  end: new Map([
    ["t:0", 100n],
    ["t:1", 7n],
  ]),
  atTime: new Map([
    ["t:0", 60n],
    ["t:1", 7n],
  ]),
};

describe("a reset of offsets", () => {
  it.each<[string, ResetTarget, number[]]>([
    ["the first records", { kind: "earliest" }, [10, 0]],
    ["the ends", { kind: "latest" }, [100, 7]],
    ["where it is, or the end", { kind: "current" }, [50, 7]],
    ["an offset, as near as the log has it", { kind: "offset", offset: 20n }, [20, 7]],
    ["an offset before the log", { kind: "offset", offset: 5n }, [10, 5]],
    ["a time", { kind: "time", timestampMs: 1 }, [60, 7]],
  ])("goes to %s", (_what, target, after) => {
    expect(planReset(PARTITIONS, target, FACTS).map((plan) => Number(plan.after))).toEqual(after);
  });

  it("says where the log does not reach what was wanted", () => {
    const [first, second] = planReset(PARTITIONS, { kind: "offset", offset: 20n }, FACTS);
    expect([first?.wanted, second?.wanted]).toEqual([null, 20n]);
    expect([first?.before, second?.before]).toEqual([50n, null]);
  });

  it("shifts what is committed, and only that", () => {
    const shifted = planReset(PARTITIONS.slice(0, 1), { kind: "shift", by: -45n }, FACTS);
    expect(shifted[0]).toMatchObject({ before: 50n, after: 10n, wanted: 5n });
    expect(() => planReset(PARTITIONS, { kind: "shift", by: 1n }, FACTS)).toThrow("nothing for t:1");
  });

  it("never leaves the log, whatever is wanted", () => {
    const offset = fc.bigInt({ min: -1_000n, max: 1_000n });
    const target = fc.oneof(
      offset.map((wanted): ResetTarget => ({ kind: "offset", offset: wanted })),
      offset.map((by): ResetTarget => ({ kind: "shift", by })),
      fc.constantFrom<ResetTarget>({ kind: "earliest" }, { kind: "latest" }, { kind: "current" }),
    );
    fc.assert(
      fc.property(target, fc.nat(500), fc.nat(500), offset, (wanted, first, length, committed) => {
        const [plan] = planReset(PARTITIONS.slice(0, 1), wanted, {
          committed: new Map([["t:0", committed]]),
          first: new Map([["t:0", BigInt(first)]]),
          end: new Map([["t:0", BigInt(first + length)]]),
          atTime: new Map(),
        });
        const after = Number(plan?.after);
        expect(after).toBeGreaterThanOrEqual(first);
        expect(after).toBeLessThanOrEqual(first + length);
      }),
    );
  });
});
