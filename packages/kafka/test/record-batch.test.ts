import { createRecordsBatch, Reader, readRecordsBatches } from "@platformatic/kafka";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum } from "../src/record/checksum.ts";
import {
  type BatchRecord,
  type Compression,
  encodeBatch,
  FIELD,
  recordSizeBound,
} from "../src/record/record-batch.ts";
import { BatchReader, type RecordPiece, splitBatches } from "../src/record/record-reader.ts";

const buffer = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));
const record: fc.Arbitrary<BatchRecord> = fc
  .record({
    key: fc.option(buffer),
    value: fc.option(buffer),
    headers: fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), buffer), {
      maxLength: 4,
      selector: ([name]) => name,
    }),
    timestampMs: fc.integer({ min: 0, max: 4e12 }),
  })
  .map((made) => ({
    ...made,
    headers: made.headers.map(([name, value]) => [Buffer.from(name), value] as const),
  }));
const records = fc.array(record, { minLength: 1, maxLength: 20 });
const compression = fc.constantFrom<Compression>("none", "gzip", "snappy", "lz4", "zstd");
const PRODUCER = { id: 42n, epoch: 7, firstSequence: 100 };
const PARTITION = { topic: "t", partition: 3 };

describe("a record batch", () => {
  it("comes back as it was, with every compression", () => {
    fc.assert(
      fc.property(records, compression, (given, codec) => {
        const { records: read, nextOffset } = decodedBatch(
          encodeBatch(given, PRODUCER, codec),
          PARTITION,
          0n,
        );
        expect(nextOffset).toBe(BigInt(given.length));
        expect(read).toEqual(
          given.map((one, index) => ({
            ...PARTITION,
            offset: BigInt(index),
            timestampMs: one.timestampMs,
            timestampType: "CreateTime",
            key: one.key,
            value: one.value,
            headers: new Map(one.headers.map(([name, value]) => [name.toString(), value])),
          })),
        );
      }),
    );
  });

  it("is read by another client as it was written", () => {
    fc.assert(
      fc.property(records, compression, (given, codec) => {
        const [batch] = readRecordsBatches(Reader.from(encodeBatch(given, PRODUCER, codec)));
        expect(batch).toMatchObject({ producerId: 42n, producerEpoch: 7, firstSequence: 100 });
        expect(batch?.records.map((one) => [one.offsetDelta, one.key, one.value, one.headers])).toEqual(
          given.map((one, index) => [index, one.key, one.value, one.headers]),
        );
      }),
    );
  });

  it("is read as another client wrote it", () => {
    fc.assert(
      fc.property(records, compression, (given, codec) => {
        // The other client cannot write deltas of more than 31 bits.
        const messages = given.map(({ key, value, headers, timestampMs }) => ({
          topic: "t",
          ...(key === null ? {} : { key }),
          value: value ?? Buffer.alloc(0),
          headers: new Map(headers),
          timestamp: BigInt(timestampMs % 2 ** 30),
        }));
        const bytes = createRecordsBatch(messages, { compression: codec }).buffer;
        const { records: read } = decodedBatch(bytes, PARTITION, 0n);
        expect(read.map((one) => [one.key, one.value, one.timestampMs])).toEqual(
          given.map((one) => [one.key, one.value ?? Buffer.alloc(0), one.timestampMs % 2 ** 30]),
        );
      }),
    );
  });

  it("is never larger than its records were counted with", () => {
    fc.assert(
      fc.property(records, (given) => {
        const bound = given.reduce<number>((sum, one) => sum + recordSizeBound(one), FIELD.records);
        expect(encodeBatch(given, PRODUCER).length).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it("with any one bit turned over is refused", () => {
    const given = [{ key: Buffer.from("k"), value: Buffer.from("value"), headers: [], timestampMs: 1e12 }];
    const whole = encodeBatch(given, PRODUCER);
    // The base offset and the leader epoch are the broker's: no checksum covers them.
    for (let bit = FIELD.magic * 8; bit < whole.length * 8; bit++) {
      const broken = Buffer.from(whole);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodedBatch(broken, PARTITION, 0n), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: "CORRUPT_RECORDS" }),
      );
    }
  });

  it("leaves out the records before the wanted offset", () => {
    const given = [1, 2, 3].map((n) => ({ key: null, value: Buffer.from([n]), headers: [], timestampMs: n }));
    const { records: read, nextOffset } = decodedBatch(encodeBatch(given, PRODUCER), PARTITION, 2n);
    expect(read.map((one) => one.offset)).toEqual([2n]);
    expect(nextOffset).toBe(3n);
  });
});

describe("reading a batch in pieces", () => {
  it("gives the same records as reading it at once, wherever it begins and however small the pieces", () => {
    fc.assert(
      fc.property(
        records,
        compression,
        fc.nat(25),
        fc.integer({ min: 1, max: 500 }),
        (given, codec, from, bytes) => {
          const batch = encodeBatch(given, PRODUCER, codec);
          const whole = decodedBatch(batch, PARTITION, BigInt(from));
          const reader = new BatchReader(batch, PARTITION, BigInt(from));
          const read = [];
          let position = 0n;
          while (!reader.isDone) {
            const piece = reader.read(bytes);
            for (const { offset } of piece.records) expect(offset).toBeLessThan(piece.nextOffset);
            for (const { offset } of piece.records) expect(offset).toBeGreaterThanOrEqual(position);
            expect(piece.nextOffset).toBeGreaterThan(position);
            position = piece.nextOffset;
            read.push(...piece.records);
          }
          expect(read).toEqual(whole.records);
          expect(position).toBe(whole.nextOffset);
        },
      ),
    );
  });

  it("refuses a batch that tells of more records than it has", () => {
    const batch = encodeBatch(
      [{ key: null, value: Buffer.from("v"), headers: [], timestampMs: 1 }],
      PRODUCER,
    );
    batch.writeInt32BE(2, FIELD.recordCount);
    batch.writeUInt32BE(checksum(batch.subarray(FIELD.attributes)), FIELD.crc);
    expect(() => decodedBatch(batch, PARTITION, 0n)).toThrow(
      expect.objectContaining({ code: "CORRUPT_RECORDS" }),
    );
  });
});

describe("a piece of a log", () => {
  it("gives its whole batches and leaves out the one cut short, wherever the cut is", () => {
    const batches = [1, 5, 2].map((count) =>
      encodeBatch(
        Array.from({ length: count }, () => ({
          key: null,
          value: Buffer.from("v"),
          headers: [],
          timestampMs: 1,
        })),
        PRODUCER,
      ),
    );
    const log = Buffer.concat(batches);
    const ends = batches.map((_, index) => Buffer.concat(batches.slice(0, index + 1)).length);
    for (let cut = 0; cut <= log.length; cut++) {
      const whole = ends.filter((end) => end <= cut).length;
      expect([...splitBatches(log.subarray(0, cut))]).toEqual(batches.slice(0, whole));
    }
  });
});

function decodedBatch(batch: Buffer, partition: typeof PARTITION, from: bigint): RecordPiece {
  return new BatchReader(batch, partition, from).read(Number.POSITIVE_INFINITY);
}
