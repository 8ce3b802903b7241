import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DamagedCompression, InflatedTooLarge } from "../src/storage/decompression.ts";
import { lz4Decompress } from "../src/storage/lz4.ts";
import { lz4Compress } from "../src/storage/lz4-writer.ts";
import {
  BATCH_HEADER_SIZE,
  LOG_OVERHEAD,
  readBatchHeader,
  setChecksum,
} from "../src/storage/record-batch.ts";
import { inflateRecords, judgeRecords } from "../src/storage/records.ts";
import { snappyDecompress } from "../src/storage/snappy.ts";
import { snappyCompress } from "../src/storage/snappy-writer.ts";
import { clientBatch } from "./batches.ts";

const MAX = 1 << 20;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("snappy", () => {
  test.each([
    ["a literal", "05 10 68656c6c6f", "hello"],
    ["a copy with a one-byte offset", "0b 10 68656c6c6f 09 05", "hellohelloh"],
    ["a copy that overlaps itself", "0a 00 61 16 0100", "aaaaaaa"],
    ["Java's stream of blocks", "82534e4150505900 00000001 00000001 00000007 05 10 68656c6c6f", "hello"],
  ])("opens %s", (_name, bytes, expected) => {
    const input = hex(bytes);
    const sizeAt = bytes.startsWith("82") ? 20 : 0;
    // The size in front is what the elements give.
    input[sizeAt] = expected.length;
    expect(snappyDecompress(input, MAX).toString()).toBe(expected);
  });

  test.each([
    ["nothing", ""],
    ["a literal that is cut short", "05 10 6865"],
    ["a copy from before the beginning", "05 00 61 01 09"],
    ["more than it announces", "01 10 68656c6c6f"],
    ["less than it announces", "09 10 68656c6c6f"],
    ["half a stream", "82534e4150505900 00000001 00000001 000000ff 05 10"],
  ])("refuses %s", (_name, bytes) => {
    expect(() => snappyDecompress(hex(bytes), MAX)).toThrow(DamagedCompression);
  });

  test("opens no more than is allowed", () => {
    expect(() => snappyDecompress(hex("8080808004"), MAX)).toThrow(InflatedTooLarge);
  });
});

describe("LZ4", () => {
  const frame = (block: string, flags = "60"): Buffer => {
    const bytes = hex(block);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return Buffer.concat([hex(`04224d18 ${flags} 40 82`), size, bytes, Buffer.alloc(4)]);
  };
  test.each([
    ["literals", "50 68656c6c6f", "hello"],
    ["a match that overlaps itself", "11 61 0100 50 6263646566", `${"a".repeat(6)}bcdef`],
    ["a long match", "1f 61 0100 05 10 62", `${"a".repeat(1 + 15 + 5 + 4)}b`],
  ])("opens %s", (_name, block, expected) => {
    expect(lz4Decompress(frame(block), MAX).toString()).toBe(expected);
  });

  test("opens a block that is stored as it is", () => {
    const stored = Buffer.concat([hex("04224d18 60 40 82 05000080 68656c6c6f 00000000")]);
    expect(lz4Decompress(stored, MAX).toString()).toBe("hello");
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["another magic number", hex("05224d18 60 40 82 00000000")],
    ["a frame without an end", hex("04224d18 60 40 82")],
    ["literals that are cut short", frame("50 6865")],
    ["a match from before the beginning", frame("11 61 0900 10 62")],
  ])("refuses %s", (_name, input) => {
    expect(() => lz4Decompress(input, MAX)).toThrow(DamagedCompression);
  });

  test("opens no more than is allowed", () => {
    expect(() => lz4Decompress(frame(`1f 61 0100 ${"ff".repeat(5000)} 00 10 62`), MAX)).toThrow(
      InflatedTooLarge,
    );
  });
});

describe("what the broker compresses itself", () => {
  // Some repetitions, near and far, long and short, around pieces without any.
  const content = fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc
          .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(3000))
          .map(([piece, times]) => Buffer.alloc(piece.length * times, piece)),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => Buffer.concat(pieces));

  test.each([
    ["snappy", snappyCompress, snappyDecompress],
    ["LZ4", lz4Compress, lz4Decompress],
  ])("%s opens to what it was, and repetitions become small", (_name, close, open) => {
    fc.assert(fc.property(content, (bytes) => open(close(bytes), MAX).equals(bytes)));
    const text = Buffer.from('{"price":"1.25","symbol":"SOL"},'.repeat(5000));
    expect(close(text).length).toBeLessThan(text.length / 15);
    expect(open(close(text), MAX).equals(text)).toBe(true);
  });
});

test("whatever the bytes are, both give bytes or say what is wrong", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom("", "04224d18604082"), (noise, prefix) => {
      const input = Buffer.concat([hex(prefix), noise]);
      for (const open of [snappyDecompress, lz4Decompress]) {
        try {
          expect(open(input, MAX).length).toBeLessThanOrEqual(MAX);
        } catch (error) {
          expect(error instanceof DamagedCompression || error instanceof InflatedTooLarge).toBe(true);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

function compressed(
  codec: number,
  compress: (records: Buffer) => Buffer,
  change = (records: Buffer) => records,
) {
  const batch = clientBatch({ values: ["a", "b", "c"] });
  const records = change(Buffer.from(batch.subarray(BATCH_HEADER_SIZE)));
  const out = Buffer.concat([batch.subarray(0, BATCH_HEADER_SIZE), compress(records)]);
  out.writeInt32BE(out.length - LOG_OVERHEAD, LOG_OVERHEAD - 4);
  out.writeInt16BE(codec, 21);
  setChecksum(out);
  return out;
}

/** A snappy block of literals alone, as a bad compressor would write it. */
function snappyLiterals(records: Buffer): Buffer {
  return Buffer.concat([Buffer.from([records.length, 60 << 2, records.length - 1]), records]);
}

function lz4Stored(records: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(records.length + 0x8000_0000);
  return Buffer.concat([hex("04224d18 60 40 82"), size, records, Buffer.alloc(4)]);
}

describe("the records of a batch", () => {
  const codecs: [string, number, (records: Buffer) => Buffer][] = [
    ["no codec", 0, (records) => records],
    ["gzip", 1, gzipSync],
    ["snappy", 2, snappyLiterals],
    ["lz4", 3, lz4Stored],
    ["zstd", 4, zstdCompressSync],
  ];
  const judge = (batch: Buffer): string => {
    const header = readBatchHeader(batch);
    if (header === undefined) throw new Error("not a batch");
    const opened = inflateRecords(batch, header);
    if (opened.kind !== "opened") return opened.kind;
    return judgeRecords(opened.records, header);
  };

  test.each(codecs)("are looked at behind %s", (_name, codec, compress) => {
    expect(judge(compressed(codec, compress))).toBe("sound");
    expect(judge(compressed(codec, compress, (records) => records.subarray(0, records.length - 1)))).toBe(
      "malformed",
    );
    expect(judge(compressed(codec, compress, (records) => Buffer.concat([records, records])))).toBe(
      "malformed",
    );
    const withLongKey = (records: Buffer): Buffer => {
      records[4] = 0x7e;
      return records;
    };
    expect(judge(compressed(codec, compress, withLongKey))).toBe("malformed");
    const withHeader = (records: Buffer): Buffer => {
      records[(records[0] ?? 0) / 2] = 2;
      return records;
    };
    expect(judge(compressed(codec, compress, withHeader))).toBe("malformed");
    const withGap = (records: Buffer): Buffer => {
      records[3] = 8;
      return records;
    };
    expect(judge(compressed(codec, compress, withGap))).toBe("out of order");
  });

  test.each(codecs.slice(1))("are damaged where they were not written by %s", (_name, codec) => {
    expect(judge(compressed(codec, (records) => records))).toBe("damaged");
  });
});
