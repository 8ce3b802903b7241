import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "../src/cluster/backoff.ts";
import { RecordBuffer } from "../src/consumer/record-buffer.ts";
import type { ConsumedRecord } from "../src/index.ts";
import { BatchMemory } from "../src/producer/batch-memory.ts";
import { MemoryBudget } from "../src/producer/memory-budget.ts";
import { recordBytes } from "../src/record/record-memory.ts";

describe("a memory budget", () => {
  it("never exceeds its limit, and serves those who wait in order", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("acquire" as const), bytes: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ kind: fc.constant("release" as const), bytes: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = new MemoryBudget(50);
        const asked: number[] = [];
        const granted: number[] = [];
        const held: number[] = [];
        for (const { kind, bytes } of steps) {
          if (kind === "acquire") {
            const number = asked.push(bytes) - 1;
            const grant = (): void => {
              granted.push(number);
              held.push(bytes);
            };
            budget.acquire(bytes, grant, () => expect.unreachable());
          } else {
            budget.release(held.shift() ?? 0);
          }
          expect(budget.usedBytes).toBeLessThanOrEqual(50);
          expect(budget.usedBytes).toBe(held.reduce((sum, size) => sum + size, 0));
          expect(granted).toEqual(granted.map((_, index) => index));
          const next = asked[granted.length];
          if (next !== undefined) expect(budget.usedBytes + next).toBeGreaterThan(50);
        }
      }),
    );
  });

  it("refuses all who wait when it is dissolved", () => {
    const budget = new MemoryBudget(10);
    const refused: string[] = [];
    budget.acquire(
      10,
      () => {},
      () => {},
    );
    budget.acquire(
      1,
      () => expect.unreachable(),
      (error) => void refused.push(error.message),
    );
    budget.dissolve(new Error("closed"));
    budget.release(10);
    expect(refused).toEqual(["closed"]);
  });
});

describe("a record buffer", () => {
  const record = (offset: number, size: number): ConsumedRecord => ({
    topic: "t",
    partition: 0,
    offset: BigInt(offset),
    timestampMs: 0,
    key: null,
    value: Buffer.alloc(size),
    headers: new Map(),
  });

  it("gives everything in order, within the bounds and at least one record", async () => {
    const chunks = fc.array(fc.array(fc.nat(300), { maxLength: 10 }), { maxLength: 10 });
    const bounds = [fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000 })] as const;
    await fc.assert(
      fc.asyncProperty(chunks, ...bounds, async (sizes, maxRecords, maxBytes) => {
        const buffer = new RecordBuffer(1_000);
        let count = 0;
        for (const chunk of sizes) buffer.push(chunk.map((size) => record(count++, size)));
        const seen: ConsumedRecord[] = [];
        while (seen.length < count) {
          const batch = await buffer.take(maxRecords, maxBytes);
          const bytes = batch.reduce((sum, one) => sum + recordBytes(one), 0);
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(maxRecords);
          if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(maxBytes);
          seen.push(...batch);
        }
        expect(seen.map((one) => Number(one.offset))).toEqual(
          Array.from({ length: count }, (_, index) => index),
        );
        expect(buffer.bytes).toBe(0);
      }),
    );
  });

  it("lets all who wait for room go on when there is some", async () => {
    const buffer = new RecordBuffer(100);
    buffer.push([record(0, 500)]);
    const order: string[] = [];
    const waiting = [1, 2].map((number) => buffer.room().then(() => order.push(`room ${number}`)));
    order.push("full");
    await buffer.take(1, 1);
    await Promise.all(waiting);
    expect(order).toEqual(["full", "room 1", "room 2"]);
  });

  it("ends a take that waits when it is closed, and rejects it when it failed", async () => {
    const closed = new RecordBuffer(100);
    const taking = closed.take(1, 1);
    closed.close();
    await expect(taking).resolves.toEqual([]);
    const failed = new RecordBuffer(100);
    failed.push([record(0, 1)]);
    failed.fail(new Error("corrupt"));
    await expect(failed.take(1, 1)).rejects.toThrow("corrupt");
  });
});

describe("the pause before another attempt", () => {
  it.each([
    { attempt: 0, ceiling: 100 },
    { attempt: 3, ceiling: 800 },
    { attempt: 9, ceiling: 30_000 },
    { attempt: 2_000, ceiling: 30_000 },
  ])("number $attempt lies anywhere below $ceiling ms", ({ attempt, ceiling }) => {
    const backoff = { firstMs: 100, maxMs: 30_000 };
    expect(backoffMs(backoff, attempt, () => 0)).toBe(0);
    expect(backoffMs(backoff, attempt, () => 0.5)).toBe(ceiling / 2);
    expect(backoffMs(backoff, attempt, () => 1)).toBe(ceiling);
  });
});

describe("the memory of batches", () => {
  it("is used again, never handed out twice, and not kept without bound", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("take" as const), bytes: fc.integer({ min: 1, max: 8 << 20 }) }),
      fc.record({ kind: fc.constant("give" as const), bytes: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = new BatchMemory();
        const held: Buffer[] = [];
        for (const { kind, bytes } of steps) {
          if (kind === "take") {
            const taken = memory.take(bytes);
            expect(taken.length).toBeGreaterThanOrEqual(bytes);
            const apart = bytes >= 32 << 10;
            if (apart) expect(held.every((other) => other.buffer !== taken.buffer)).toBe(true);
            if (apart) held.push(taken);
          } else {
            const [given] = held.splice(bytes % Math.max(1, held.length), 1);
            if (given !== undefined) memory.give(given);
          }
          expect(memory.freeBytes).toBeLessThanOrEqual(16 << 20);
        }
      }),
    );
  });
});
