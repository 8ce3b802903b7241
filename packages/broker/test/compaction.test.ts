import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../src/index.ts";
import { CleaningPace } from "../src/storage/cleaning-pace.ts";
import { LogCleaner } from "../src/storage/log-cleaner.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { PartitionLog } from "../src/storage/partition-log.ts";
import {
  BATCH_HEADER_SIZE,
  LOG_OVERHEAD,
  readBatchHeader,
  setChecksum,
} from "../src/storage/record-batch.ts";
import { deflateRecords, openRecords, recordsOf } from "../src/storage/records.ts";
import { clientBatch } from "./batches.ts";

const settings = {
  segmentBytes: 400,
  segmentMs: 1e12,
  retentionMs: -1,
  retentionBytes: -1,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
};
const cleaning = {
  minDirtyRatio: 0,
  tombstoneRetentionMs: 0,
  minLagMs: 0,
  maxLagMs: Number.POSITIVE_INFINITY,
};

/** One that nothing holds up. */
const cleaner = () => new LogCleaner(new CleaningPace(new ManualClock(), () => Number.MAX_VALUE));

const openLog = (disk: MemoryDisk) => new PartitionLog(disk, "log", { ...settings }, "at-once", 0);

function append(log: PartitionLog, batch: Buffer): void {
  const header = readBatchHeader(batch);
  if (header === undefined) throw new Error("not a batch");
  expect(log.append(batch, header, 0).kind).toBe("appended");
}

/** The same batch, its records compressed by the codec of this number. */
function compressed(batch: Buffer, codec: number): Buffer {
  const out = Buffer.concat([
    batch.subarray(0, BATCH_HEADER_SIZE),
    deflateRecords(batch.subarray(BATCH_HEADER_SIZE), codec),
  ]);
  out.writeInt32BE(out.length - LOG_OVERHEAD, LOG_OVERHEAD - 4);
  out.writeInt16BE(codec, 21);
  setChecksum(out);
  return out;
}

interface Seen {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

function everything(log: PartitionLog): Seen[] {
  const seen: Seen[] = [];
  for (let at = log.startOffset; at < log.endOffset; ) {
    const slice = log.read(at, 1, log.endOffset);
    if (slice === undefined) break;
    const header = readBatchHeader(slice.bytes);
    const opened = header === undefined ? undefined : openRecords(slice.bytes, header);
    if (header === undefined || opened === undefined) throw new Error("unreadable");
    for (const { offset, key, value } of recordsOf(opened, header)) {
      seen.push({ offset, key: String(key), value: String(value) });
    }
    at = slice.lastOffset + 1;
  }
  return seen;
}

const latestOf = (seen: readonly Seen[]) => Object.fromEntries(seen.map(({ key, value }) => [key, value]));

describe("compaction", () => {
  test("keeps the last value of each key and every offset, over restarts", async () => {
    const batches = fc.array(
      fc.record({
        keys: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 4 }),
        codec: fc.integer({ min: 0, max: 4 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(batches, fc.boolean(), async (list, isClean) => {
        const disk = new MemoryDisk();
        let log = openLog(disk);
        for (const [index, { keys, codec }] of list.entries()) {
          const batch = clientBatch({ keys, values: keys.map((_, at) => `${index}.${at}`) });
          append(log, compressed(batch, codec));
        }
        const before = everything(log);
        const closedEnd = log.segments.at(-1)?.baseOffset ?? 0;
        await cleaner().clean(log, cleaning, 1);
        const after = everything(log);
        expect(latestOf(after)).toEqual(latestOf(before));
        expect(before).toEqual(expect.arrayContaining(after));
        const closed = after.filter(({ offset }) => offset < closedEnd);
        // Nothing superseded within the closed part may be left.
        expect(closed.length).toBe(new Set(closed.map(({ key }) => key)).size);
        if (isClean) await log.close();
        log = openLog(disk);
        expect(log.findings).toEqual([]);
        expect(everything(log)).toEqual(after);
        expect(log.endOffset).toBe(before.length);
      }),
      { numRuns: 100 },
    );
  });

  test("shrinks the log, finds offsets in the gaps, and leaves no file behind", async () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    for (let n = 0; n < 50; n++) append(log, clientBatch({ keys: ["k"], values: [`v${n}`] }));
    const size = log.sizeBytes;
    const freed = await cleaner().clean(log, cleaning, 1);
    expect(freed).toBeGreaterThan(size / 2);
    const [first] = everything(log);
    expect(log.read(0, 1, log.endOffset)?.lastOffset).toBe(first?.offset);
    expect(disk.list("log").filter((name) => name.endsWith(".cleaned"))).toEqual([]);
  });

  test.each([1, 2, 3, 4])("takes records out of batches of codec %i, which they keep", async (codec) => {
    const log = openLog(new MemoryDisk());
    const keys = ["a", "b", "a", "c", "b"];
    for (let n = 0; n < 10; n++)
      append(log, compressed(clientBatch({ keys, values: keys.map(() => `${n}`) }), codec));
    await cleaner().clean(log, cleaning, 1);
    const codecs = new Set<number>();
    for (let at = log.startOffset; at < log.endOffset; ) {
      const slice = log.read(at, 1, log.endOffset);
      if (slice === undefined) break;
      codecs.add(slice.bytes.readInt16BE(21));
      at = slice.lastOffset + 1;
    }
    expect([...codecs]).toEqual([codec]);
    const closedEnd = log.segments.at(-1)?.baseOffset ?? 0;
    const left = everything(log).filter(({ offset }) => offset < closedEnd);
    expect(left.map(({ key }) => key)).toEqual(["a", "c", "b"]);
  });

  test("keeps a tombstone for its time, then drops it", async () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    append(log, clientBatch({ keys: ["k"], values: ["v"], timestampMs: 100 }));
    append(log, clientBatch({ keys: ["k"], values: [null], timestampMs: 100 }));
    for (let n = 0; n < 10; n++) append(log, clientBatch({ keys: [`other ${n}`], timestampMs: 100 }));
    const keys = () => everything(log).map(({ key }) => key);
    await cleaner().clean(log, { ...cleaning, tombstoneRetentionMs: 50 }, 150);
    expect(keys().filter((key) => key === "k")).toEqual(["k"]);
    await cleaner().clean(log, { ...cleaning, tombstoneRetentionMs: 50 }, 151);
    expect(keys()).not.toContain("k");
  });

  test("leaves records alone that are younger than the least lag", async () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    for (let n = 0; n < 20; n++) append(log, clientBatch({ keys: ["k"], timestampMs: 100 + n }));
    const whole = log.sizeBytes;
    const young = { ...cleaning, minLagMs: 1000 };
    expect(await cleaner().clean(log, young, 1000)).toBe(0);
    const later = cleaner();
    // Half of them are old enough.
    const freed = await later.clean(log, young, 1110);
    expect([freed > 0, log.sizeBytes > whole / 3]).toEqual([true, true]);
    expect(await later.clean(log, young, 2000)).toBeGreaterThan(0);
    expect(log.sizeBytes).toBeLessThan(whole / 3);
  });

  test("does not wait for the ratio once records are older than the greatest lag", async () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    for (let n = 0; n < 20; n++) append(log, clientBatch({ keys: [`k${n}`], timestampMs: 300 }));
    const once = cleaner();
    await once.clean(log, cleaning, 400);
    for (let n = 0; n < 7; n++) append(log, clientBatch({ keys: ["k1"], timestampMs: 300 }));
    const patient = { ...cleaning, minDirtyRatio: 0.9, maxLagMs: 1000 };
    expect(await once.clean(log, patient, 1300)).toBe(0);
    expect(await once.clean(log, patient, 1301)).toBeGreaterThan(0);
  });

  test("keeps the last batch of a producer, so that its sequence goes on after a restart", async () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    const batch = (sequence: number) =>
      clientBatch({ keys: ["k"], values: ["v"], producerId: 5, producerEpoch: 0, sequence });
    for (let sequence = 0; sequence < 3; sequence++) append(log, batch(sequence));
    for (let n = 0; n < 20; n++) append(log, clientBatch({ keys: ["k"], values: ["other"] }));
    await cleaner().clean(log, cleaning, 1);
    for (const name of disk.list("log")) if (name.endsWith(".index")) disk.removeFile(`log/${name}`);
    const again = openLog(disk);
    expect(again.producers.get(5)?.batches.at(-1)).toMatchObject({ lastSequence: 2 });
  });

  test("a crash before the cleaned file took its place leaves the log as it was", () => {
    const disk = new MemoryDisk();
    const log = openLog(disk);
    for (let n = 0; n < 10; n++) append(log, clientBatch({ keys: ["k"], values: [`v${n}`] }));
    const before = everything(log);
    disk.open(`${log.segments[0]?.path}.cleaned`).append([Buffer.from("half")]);
    const again = openLog(disk);
    expect(everything(again)).toEqual(before);
    expect(disk.list("log").filter((name) => name.endsWith(".cleaned"))).toEqual([]);
  });
});
