import { describe, expect, test } from "vitest";
import { BlockMemory } from "../src/block-memory.ts";

const PARTITION = "sol-blocks:0";

/** Offsets that count how often they are asked for. */
class CountingOffsets extends Map<string, bigint> {
  asked = 0;

  override get(partition: string): bigint | undefined {
    this.asked += 1;
    return super.get(partition);
  }
}

/** A memory with a traded and finalized block in each second from 0 on. */
function filled(count: number): BlockMemory {
  const memory = new BlockMemory();
  for (let at = 0; at < count; at++) {
    memory.note(`block-${at}`, "pair", at);
    memory.mark(`block-${at}`, "finalized", at, { partition: PARTITION, offset: BigInt(at) });
  }
  return memory;
}

describe("what is old", () => {
  test("keeps the verdicts that the next view may read again, and no pairs", () => {
    const memory = filled(10);
    expect(memory.prune(6, new Map([[PARTITION, 3n]]))).toEqual(["block-0", "block-1", "block-2"]);
    const located = Array.from({ length: 10 }, (_, at) => memory.pairsOf(`block-${at}`).size);
    expect(located).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(memory.timeOf("block-4")).toBe(4);
    memory.note("block-4", "another", 4);
    expect(memory.pairsOf("block-4").size).toBe(0);
    const verdicts = memory.verdictsBefore(new Map([[PARTITION, 100n]]));
    expect([...verdicts.keys()]).toEqual(Array.from({ length: 7 }, (_, index) => `block-${index + 3}`));
  });

  test("is forgotten with a snapshot that holds its records", () => {
    const memory = filled(10);
    memory.prune(6, new Map());
    expect(memory.prune(6, new Map([[PARTITION, 5n]]))).toEqual(
      Array.from({ length: 5 }, (_, at) => `block-${at}`),
    );
    expect(memory.timeOf("block-5")).toBe(5);
  });

  test("is looked at once, however often blocks are forgotten", () => {
    const memory = filled(5_000);
    const offsets = new CountingOffsets();
    for (let at = 0; at < 5_000; at++) expect(memory.prune(at, offsets)).toEqual([]);
    expect(offsets.asked).toBeLessThanOrEqual(5_000);
  });

  test("makes room where it is too much, oldest first", () => {
    const memory = filled(20_010);
    expect(memory.prune(5, new Map())).toEqual(Array.from({ length: 10 }, (_, at) => `block-${at}`));
    expect(memory.timeOf("block-10")).toBe(10);
  });
});
