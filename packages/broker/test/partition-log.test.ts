import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "../src/storage/crc32c.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { type LogSettings, PartitionLog, type Visibility } from "../src/storage/partition-log.ts";
import { readBatchHeader } from "../src/storage/record-batch.ts";
import { CorruptBatch } from "../src/storage/segment.ts";
import { clientBatch, valuesIn } from "./batches.ts";

const settings: LogSettings = {
  segmentBytes: 1000,
  segmentMs: 1e12,
  retentionMs: -1,
  retentionBytes: -1,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
};
const FOLDER = "log";

function openLog(disk: MemoryDisk, visibility: Visibility = "at-once"): PartitionLog {
  return new PartitionLog(disk, FOLDER, { ...settings }, visibility, 0);
}

function append(log: PartitionLog, batch: Buffer) {
  const header = readBatchHeader(batch);
  if (header === undefined) throw new Error("not a batch");
  return log.append(batch, header, 0);
}

function readFrom(
  log: PartitionLog,
  offset: number,
  maxBytes = 1 << 20,
): { offset: number; value: string }[] {
  const found: { offset: number; value: string }[] = [];
  for (let at = offset; at < log.highWatermark; ) {
    const slice = log.read(at, maxBytes, log.highWatermark);
    if (slice === undefined) break;
    found.push(...valuesIn(slice.bytes).filter((record) => record.offset >= at));
    at = slice.lastOffset + 1;
  }
  return found;
}

function lastSegment(disk: MemoryDisk): string {
  const names = disk.list(FOLDER).filter((name) => name.endsWith(".log"));
  return `${FOLDER}/${names.toSorted().at(-1)}`;
}

test("CRC-32C gives the published check value and does not depend on alignment", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  const bytes = Buffer.from("abc123456789xyz");
  expect(crc32c(bytes, 3, 12)).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
});

describe("a log against an array of values", () => {
  const command = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("append"),
        size: fc.integer({ min: 1, max: 200 }),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("checkpoint"),
        growthBytes: fc.integer({ min: 1, max: 500 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen"), cleanly: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("tear"), bytes: fc.integer({ min: 1, max: 80 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("deleteBefore"),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        isDropped: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("read"),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        maxBytes: fc.integer({ min: 0, max: 2000 }),
      }),
    },
  );

  test("appends, restarts, torn writes and deletions leave what the array says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const disk = new MemoryDisk();
        let log = openLog(disk);
        const values: string[] = [];
        let start = 0;
        for (const step of commands) {
          if ("size" in step) {
            const added = Array.from({ length: step.count }, (_, index) =>
              `${values.length + index}`.padEnd(step.size, "."),
            );
            expect(append(log, clientBatch({ values: added }))).toMatchObject({ baseOffset: values.length });
            values.push(...added);
          } else if ("cleanly" in step) {
            if (step.cleanly) await log.close();
            log = openLog(disk);
            expect(log.findings).toEqual([]);
          } else if ("growthBytes" in step) {
            await log.checkpoint(step.growthBytes);
          } else if ("bytes" in step) {
            // The beginning of a batch that a crash cut off.
            const torn = clientBatch({ values: ["torn"] });
            disk.open(lastSegment(disk)).append([torn.subarray(0, Math.min(step.bytes, torn.length - 1))]);
            log = openLog(disk);
            expect(log.findings).toMatchObject([{ kind: "torn-tail" }]);
          } else if ("maxBytes" in step) {
            const from = start + Math.floor(step.share * (values.length - start));
            const expected = values.slice(from).map((value, index) => ({ offset: from + index, value }));
            expect(readFrom(log, from, step.maxBytes)).toEqual(expected);
          } else {
            const before = start + Math.floor(step.share * (values.length - start));
            log.deleteBefore(before, 0);
            if (step.isDropped) log.dropDeleted();
            start = before;
          }
          expect(log.startOffset).toBe(start);
          expect(log.endOffset).toBe(values.length);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("recovery", () => {
  async function logOfFive(disk: MemoryDisk): Promise<number[]> {
    const log = openLog(disk);
    const ends: number[] = [];
    let size = 0;
    for (let n = 0; n < 5; n++) {
      const batch = clientBatch({ values: [`v${n}`] });
      append(log, batch);
      size += batch.length;
      ends.push(size);
    }
    return ends;
  }

  function flipBit(disk: MemoryDisk, position: number): void {
    const path = lastSegment(disk);
    const bytes = Buffer.from(disk.readFile(path) ?? Buffer.alloc(0));
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    disk.replaceFile(path, bytes);
  }

  test("a write torn at any byte is cut off, and nothing else", async () => {
    const whole = new MemoryDisk();
    const ends = await logOfFive(whole);
    const [, , , fourth = 0, fifth = 0] = ends;
    for (let cut = fourth + 1; cut < fifth; cut++) {
      const disk = new MemoryDisk();
      await logOfFive(disk);
      disk.open(lastSegment(disk)).truncate(cut);
      const log = openLog(disk);
      expect(log.findings).toMatchObject([
        { kind: "torn-tail", position: fourth, droppedBytes: cut - fourth },
      ]);
      expect(readFrom(log, 0).map(({ value }) => value)).toEqual(["v0", "v1", "v2", "v3"]);
      expect(append(log, clientBatch())).toMatchObject({ baseOffset: 4 });
    }
  });

  test("a bit flipped anywhere is noticed; whole batches behind it stay readable", async () => {
    const size = (await logOfFive(new MemoryDisk()))[4] ?? 0;
    const batchSize = size / 5;
    for (let position = 0; position < size; position++) {
      const inBatch = Math.floor(position / batchSize);
      // The leader epoch lies outside the checksum and means nothing here.
      const at = position % batchSize;
      if (at >= 12 && at < 16) continue;
      const disk = new MemoryDisk();
      await logOfFive(disk);
      flipBit(disk, position);
      const log = openLog(disk);
      // An offset outside the checksum that jumps ahead is a gap like those of compaction; the batch behind it
      // then seems to lie in the past.
      expect(log.findings, `bit ${position}`).not.toEqual([]);
      if (inBatch === 4) continue;
      expect(log.findings).toMatchObject([{ kind: "damaged-middle" }]);
      const readable = readFrom(log, inBatch + 1).map(({ value }) => value);
      expect(readable).toEqual(["v0", "v1", "v2", "v3", "v4"].slice(inBatch + 1));
      expect(() => log.read(inBatch, 1 << 20, log.highWatermark)).toThrow(CorruptBatch);
    }
  });

  test("rot in a segment that was closed cleanly is noticed when it is read", async () => {
    const disk = new MemoryDisk();
    await logOfFive(disk);
    await openLog(disk).close();
    const batchSize = clientBatch({ values: ["v0"] }).length;
    flipBit(disk, 2 * batchSize + batchSize - 3);
    const log = openLog(disk);
    expect(log.findings).toEqual([]);
    expect(valuesIn(log.read(0, 1 << 20, 5)?.bytes ?? Buffer.alloc(0)).map(({ value }) => value)).toEqual([
      "v0",
      "v1",
    ]);
    expect(() => log.read(2, 1 << 20, 5)).toThrow(CorruptBatch);
  });

  test("damage stays known over a clean restart", async () => {
    const disk = new MemoryDisk();
    await logOfFive(disk);
    const batchSize = clientBatch({ values: ["v0"] }).length;
    flipBit(disk, 2 * batchSize - 3);
    await openLog(disk).close();
    const log = openLog(disk);
    expect(() => log.read(1, 1 << 20, 5)).toThrow(CorruptBatch);
    expect(readFrom(log, 2).map(({ value }) => value)).toEqual(["v2", "v3", "v4"]);
  });
});

test("an index saved for a longer file is not taken for one of the file that grew again", async () => {
  const disk = new MemoryDisk();
  const log = openLog(disk);
  append(log, clientBatch({ values: ["a"] }));
  append(log, clientBatch({ values: ["b"] }));
  await log.checkpoint(1);
  disk.open(lastSegment(disk)).truncate(1);
  const shorter = openLog(disk);
  expect(shorter.endOffset).toBe(0);
  append(shorter, clientBatch({ values: ["other", "batches"] }));
  append(shorter, clientBatch({ values: ["than", "before"] }));
  expect(readFrom(openLog(disk), 0).map(({ value }) => value)).toEqual([
    "other",
    "batches",
    "than",
    "before",
  ]);
});

describe("look-up by time", () => {
  test("finds the first batch that reaches a time, over segments and out of order", () => {
    const times = [10, 40, 20, 50, 30, 60];
    const log = openLog(new MemoryDisk());
    for (const timestampMs of times) append(log, clientBatch({ timestampMs, values: ["x".repeat(400)] }));
    expect(log.segments.length).toBeGreaterThan(1);
    for (let wanted = 0; wanted <= 61; wanted++) {
      const index = times.findIndex((time) => time >= wanted);
      expect(log.batchAtTimestamp(wanted)?.header.baseOffset).toBe(index < 0 ? undefined : index);
    }
    expect(log.batchWithMaxTimestamp()?.header.baseOffset).toBe(5);
  });
});

describe("idempotent producers", () => {
  const batch = (sequence: number, count = 1, producerEpoch = 0) =>
    clientBatch({ producerId: 7, producerEpoch, sequence, values: Array.from({ length: count }, () => "v") });

  test.each(["at once", "after a restart", "after a clean restart"])(
    "sequences are checked %s",
    async (when) => {
      const disk = new MemoryDisk();
      let log = openLog(disk);
      for (let sequence = 0; sequence < 14; sequence += 2) append(log, batch(sequence, 2));
      if (when === "after a clean restart") await log.close();
      if (when !== "at once") log = openLog(disk);
      expect(append(log, batch(12, 2))).toMatchObject({ kind: "duplicate", baseOffset: 12 });
      expect(append(log, batch(4, 2))).toMatchObject({ kind: "duplicate", baseOffset: 4 });
      expect(append(log, batch(2, 2))).toMatchObject({ kind: "rejected", errorCode: 45 });
      expect(append(log, batch(15))).toMatchObject({ kind: "rejected", errorCode: 45 });
      expect(append(log, batch(14))).toMatchObject({ kind: "appended", baseOffset: 14 });
      expect(append(log, batch(5, 1, 1))).toMatchObject({ kind: "rejected", errorCode: 45 });
      expect(append(log, batch(0, 1, 1))).toMatchObject({ kind: "appended", baseOffset: 15 });
      expect(append(log, batch(15))).toMatchObject({ kind: "rejected", errorCode: 47 });
    },
  );

  test("sequence numbers wrap", () => {
    const log = openLog(new MemoryDisk());
    append(log, batch(0x7fff_fffe, 2));
    expect(append(log, batch(0, 1))).toMatchObject({ kind: "appended" });
    const other = openLog(new MemoryDisk());
    append(other, batch(0x7fff_fffe, 3));
    expect(append(other, batch(1, 1))).toMatchObject({ kind: "appended" });
  });
});

describe("retention", () => {
  test.each([
    ["time", { retentionMs: 100 }, 1000, 6],
    ["time, for some", { retentionMs: 965 }, 1000, 3],
    ["size", { retentionBytes: 1000 }, 0, 4],
    ["nothing", {}, 1e15, 0],
  ])("by %s", (_name, limits, nowMs, expectedStart) => {
    const log = openLog(new MemoryDisk());
    for (let n = 0; n < 6; n++)
      append(log, clientBatch({ timestampMs: 10 * (n + 1), values: ["x".repeat(600)] }));
    Object.assign(log.settings, limits);
    log.applyRetention(nowMs);
    expect(log.startOffset).toBe(expectedStart);
    expect(log.endOffset).toBe(6);
    expect(readFrom(log, expectedStart).length).toBe(6 - expectedStart);
  });
});
