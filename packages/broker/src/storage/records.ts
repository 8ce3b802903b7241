import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { systemCode } from "../broker-error.ts";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import { InflatedTooLarge } from "./decompression.ts";
import { lz4Decompress } from "./lz4.ts";
import { lz4Compress } from "./lz4-writer.ts";
import { BATCH_HEADER_SIZE, type BatchHeader, COMPRESSION_MASK } from "./record-batch.ts";
import { snappyDecompress } from "./snappy.ts";
import { snappyCompress } from "./snappy-writer.ts";

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
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;

export type OpenedRecords =
  | { readonly kind: "opened"; readonly records: Buffer }
  /** Not what the codec writes. */
  | { readonly kind: "damaged" }
  /** More than is worth holding in memory, or a codec that does not exist. */
  | { readonly kind: "closed" };

/** Takes the compression off the records of a batch. */
export function inflateRecords(batch: Buffer, header: BatchHeader): OpenedRecords {
  const compression = header.attributes & COMPRESSION_MASK;
  if (compression > ZSTD) return { kind: "closed" };
  try {
    return { kind: "opened", records: inflate(batch.subarray(BATCH_HEADER_SIZE), compression) };
  } catch (error) {
    const isTooLarge = error instanceof InflatedTooLarge || systemCode(error) === "ERR_BUFFER_TOO_LARGE";
    return { kind: isTooLarge ? "closed" : "damaged" };
  }
}

function inflate(records: Buffer, compression: number): Buffer {
  const options = { maxOutputLength: MAX_INFLATED_BYTES };
  switch (compression) {
    case GZIP:
      return gunzipSync(records, options);
    case SNAPPY:
      return snappyDecompress(records, MAX_INFLATED_BYTES);
    case LZ4:
      return lz4Decompress(records, MAX_INFLATED_BYTES);
    case ZSTD:
      return zstdDecompressSync(records, options);
    default:
      return records;
  }
}

/** Puts the compression on records that the attributes of their batch name. */
export function deflateRecords(records: Buffer, attributes: number): Buffer {
  switch (attributes & COMPRESSION_MASK) {
    case GZIP:
      return gzipSync(records);
    case SNAPPY:
      return snappyCompress(records);
    case LZ4:
      return lz4Compress(records);
    case ZSTD:
      return zstdCompressSync(records);
    default:
      return records;
  }
}

/** The records' bytes without compression; undefined where they cannot be opened. */
export function openRecords(batch: Buffer, header: BatchHeader): Buffer | undefined {
  const opened = inflateRecords(batch, header);
  return opened.kind === "opened" ? opened.records : undefined;
}

/** How the records of a batch are: good, not what the header says, or whole but not counted up from 0. */
export type RecordsVerdict = "sound" | "malformed" | "out of order";

/**
 * Judges whether the records are as many as the header says, fill the bytes and their own lengths exactly, and
 * have offsets one after the other. It is asked of every batch that a client sends, so it allocates nothing.
 */
export function judgeRecords(opened: Buffer, header: BatchHeader): RecordsVerdict {
  const reader = new Reader(opened);
  let isOrdered = true;
  try {
    for (let index = 0; index < header.recordCount; index++) {
      const offsetDelta = skipRecord(reader);
      if (offsetDelta === undefined) return "malformed";
      isOrdered &&= offsetDelta === index;
    }
  } catch (error) {
    if (error instanceof MalformedMessage) return "malformed";
    throw error;
  }
  if (reader.remaining > 0) return "malformed";
  return isOrdered ? "sound" : "out of order";
}

/** Moves behind a record and returns its offset in the batch; undefined where what is in it does not fit its length. */
function skipRecord(reader: Reader): number | undefined {
  const length = zigzag(reader.uvarint());
  const end = reader.take(length) + length;
  reader.position = end - length + 1;
  varlong(reader);
  const offsetDelta = zigzag(reader.uvarint());
  skipField(reader);
  skipField(reader);
  const headers = zigzag(reader.uvarint());
  if (headers < 0) return undefined;
  for (let index = 0; index < headers; index++) {
    const nameLength = zigzag(reader.uvarint());
    if (nameLength < 0) return undefined;
    reader.take(nameLength);
    skipField(reader);
  }
  return reader.position === end ? offsetDelta : undefined;
}

function skipField(reader: Reader): void {
  const length = zigzag(reader.uvarint());
  if (length > 0) reader.take(length);
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
