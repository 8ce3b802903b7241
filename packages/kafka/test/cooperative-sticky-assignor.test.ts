import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Subscriber } from "../src/consumer/classic-assignor.ts";
import { cooperativeStickyAssignor } from "../src/consumer/cooperative-sticky-assignor.ts";
import { parsePartitionName, partitionName } from "../src/index.ts";

function member(memberId: string, owned: readonly string[], generationId = 1, topics = ["t"]): Subscriber {
  return { memberId, topics, owned: owned.map(parsePartitionName), generationId };
}

function assigned(members: readonly Subscriber[], counts: Record<string, number>): Record<string, string[]> {
  const shares = cooperativeStickyAssignor.assign(members, new Map(Object.entries(counts)));
  return Object.fromEntries([...shares].map(([id, share]) => [id, share.map(partitionName).toSorted()]));
}

/** How much the heaviest member has to carry: some topics have too few readers between them (Hall's theorem). */
function leastPossibleLoad(members: readonly Subscriber[], counts: Record<string, number>): number {
  const loads = [["t"], ["u"], ["v"], ["t", "u"], ["t", "v"], ["u", "v"], ["t", "u", "v"]].map((topics) => {
    const read = topics.filter((topic) => members.some((one) => one.topics.includes(topic)));
    const readers = members.filter((one) => one.topics.some((topic) => topics.includes(topic)));
    const partitions = read.reduce((sum, topic) => sum + (counts[topic] ?? 0), 0);
    return readers.length === 0 ? 0 : Math.ceil(partitions / readers.length);
  });
  return Math.max(...loads);
}

describe("the cooperative-sticky assignment", () => {
  it("leaves members what they have, and gives nobody what is still held", () => {
    const members = [member("a", ["t:0", "t:1", "t:2", "t:3"]), member("b", [], -1)];
    const first = assigned(members, { t: 4 });
    expect(first.a).toHaveLength(2);
    expect(first.b).toEqual([]);
    const second = assigned([member("a", first.a ?? [], 2), member("b", [], 2)], { t: 4 });
    expect(second.a).toEqual(first.a);
    expect(second.b).toHaveLength(2);
  });

  it("believes the newest generation, and nobody where two of it hold the same", () => {
    const members = [member("a", ["t:0", "t:1"], 1), member("b", ["t:0"], 2), member("c", ["t:1"], 2)];
    expect(assigned(members, { t: 2 })).toEqual({ a: [], b: ["t:0"], c: ["t:1"] });
    const both = assigned([member("a", ["t:0"], 2), member("b", ["t:0"], 2)], { t: 1 });
    expect(Object.values(both).flat()).toEqual(["t:0"]);
  });

  it("takes nothing from those who have less than the heaviest", () => {
    const six = ["t:0", "t:1", "t:2", "t:3", "t:4", "t:5"];
    const other = ["t:6", "t:7", "t:8", "t:9", "t:10", "t:11"];
    const shares = assigned([member("a", six), member("b", other), member("c", [], -1)], { t: 12 });
    expect(Object.values(shares).map(({ length }) => length)).toEqual([4, 4, 0]);
  });

  it("ends in two steps with every partition at one member that wants it, as even as can be", () => {
    const topic = fc.constantFrom("t", "u", "v");
    const joiner = fc.record({ topics: fc.uniqueArray(topic), claims: fc.array(fc.tuple(topic, fc.nat(9))) });
    fc.assert(
      fc.property(
        fc.array(joiner, { minLength: 1, maxLength: 5 }),
        fc.dictionary(topic, fc.nat(9)),
        (joiners, counts) => {
          const first = joiners.map(({ topics, claims }, index) => {
            const owned = claims.map(([name, partition]) => `${name}:${partition}`);
            return member(`m${index}`, [...new Set(owned)], 1 + (index % 2), topics);
          });
          const step = assigned(first, counts);
          const again = first.map(({ memberId, topics }) =>
            member(memberId, step[memberId] ?? [], 3, [...topics]),
          );
          const end = assigned(again, counts);
          const held = Object.values(end).flat();
          const wanted = Object.entries(counts).flatMap(([name, count]) =>
            first.some(({ topics }) => topics.includes(name))
              ? Array.from({ length: count }, (_, partition) => `${name}:${partition}`)
              : [],
          );
          expect(held.toSorted()).toEqual(wanted.toSorted());
          for (const { memberId, topics } of first) {
            for (const name of end[memberId] ?? []) expect(topics).toContain(parsePartitionName(name).topic);
            // Nothing that was left in the first step moves in the second.
            for (const name of step[memberId] ?? []) expect(end[memberId]).toContain(name);
          }
          const loads = Object.values(end).map(({ length }) => length);
          expect(Math.max(...loads)).toBe(leastPossibleLoad(first, counts));
          const isEqual = new Set(first.map(({ topics }) => topics.toSorted().join())).size === 1;
          if (isEqual) expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
