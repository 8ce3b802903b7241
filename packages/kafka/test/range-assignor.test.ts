import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignRanges } from "../src/consumer/range-assignor.ts";
import { partitionName } from "../src/index.ts";

describe("the range assignment", () => {
  it.each([
    { members: ["a"], counts: { t: 3 }, expected: { a: ["t:0", "t:1", "t:2"] } },
    { members: ["b", "a"], counts: { t: 3 }, expected: { a: ["t:0", "t:1"], b: ["t:2"] } },
    { members: ["a", "b", "c"], counts: { t: 2 }, expected: { a: ["t:0"], b: ["t:1"], c: [] } },
    { members: ["a", "b"], counts: { t: 2, u: 2 }, expected: { a: ["t:0", "u:0"], b: ["t:1", "u:1"] } },
  ])("of $counts to $members", ({ members, counts, expected }) => {
    const topics = Object.keys(counts);
    const assignment = assignRanges(
      members.map((memberId) => ({ memberId, topics })),
      new Map(Object.entries(counts).map(([topic, count]) => [topic, Number(count)])),
    );
    const names = [...assignment].map(([member, partitions]) => [member, partitions.map(partitionName)]);
    expect(Object.fromEntries(names)).toEqual(expected);
  });

  it("gives every partition to one member that wants it, none more than one above another", () => {
    const topic = fc.constantFrom("t", "u", "v");
    const member = fc.record({ memberId: fc.string({ minLength: 1 }), topics: fc.uniqueArray(topic) });
    const members = fc.uniqueArray(member, {
      minLength: 1,
      maxLength: 6,
      selector: ({ memberId }) => memberId,
    });
    const counts = fc.dictionary(topic, fc.nat(20));
    fc.assert(
      fc.property(members, counts, (readers, sizes) => {
        const assignment = assignRanges(readers, new Map(Object.entries(sizes)));
        for (const [name, size] of Object.entries(sizes)) {
          const wanting = readers.filter(({ topics }) => topics.includes(name as "t"));
          const shares = wanting.map(({ memberId }) =>
            (assignment.get(memberId) ?? []).filter((partition) => partition.topic === name),
          );
          const all = shares.flat().map(({ partition }) => partition);
          const expected = wanting.length === 0 ? [] : Array.from({ length: size }, (_, index) => index);
          expect(all.toSorted((a, b) => a - b)).toEqual(expected);
          if (wanting.length === 0) continue;
          const lengths = shares.map((share) => share.length);
          expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
