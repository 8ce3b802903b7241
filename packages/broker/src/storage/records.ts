import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import { BATCH_HEADER_SIZE, type BatchHeader, COMPRESSION_MASK } from "./record-batch.ts";

/** One record of a batch. Key and value are views; null where the record has none. */
export interface BatchRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Where the record stands in the uncompressed records, its length included. */
  readonly start: number;
  readonly end: number;
}

/** A batch is never inflated beyond this. */
const MAX_INFLATED_BYTES = 128 << 20;
const GZIP = 1;
const ZSTD = 4;

/** The records' bytes without compression; undefined where Node cannot open them (snappy, lz4, or damage). */
export function openRecords(batch: Buffer, header: BatchHeader): Buffer | undefined {
  const records = batch.subarray(BATCH_HEADER_SIZE);
  const options = { maxOutputLength: MAX_INFLATED_BYTES };
  const compression = header.attributes & COMPRESSION_MASK;
  try {
    if (compression === 0) return records;
    if (compression === GZIP) return gunzipSync(records, options);
    if (compression === ZSTD) return zstdDecompressSync(records, options);
    return undefined;
  } catch {
    // What a client compressed wrongly is its own: the batch is stored as it came, and not looked into.
    return undefined;
  }
}

/** Reads the records one after the other. Throws MalformedMessage where they are not what the header says. */
export function* recordsOf(opened: Buffer, header: BatchHeader): Generator<BatchRecord> {
  const reader = new Reader(opened);
  for (let index = 0; index < header.recordCount; index++) {
    const start = reader.position;
    const length = zigzag(reader.uvarint());
    const end = reader.take(length) + length;
    reader.position = end - length + 1;
    const timestamp = header.baseTimestamp + varlong(reader);
    const offset = header.baseOffset + zigzag(reader.uvarint());
    const key = field(reader);
    const value = field(reader);
    reader.position = end;
    yield { offset, timestamp, key, value, start, end };
  }
}

function field(reader: Reader): Buffer | null {
  const length = zigzag(reader.uvarint());
  return length < 0 ? null : reader.bytes(length);
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** A zigzag integer of up to 64 bits, as the timestamp deltas are. */
function varlong(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = reader.int8() & 0xff;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return zigzag(value);
  }
  throw new MalformedMessage("variable-length integer longer than 64 bits");
}
