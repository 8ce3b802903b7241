import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { MalformedMessage, Reader } from "../protocol/reader.ts";
import {
  BATCH_HEADER_SIZE,
  type BatchHeader,
  COMPRESSION_MASK,
  TIMESTAMP_TYPE_MASK,
} from "./record-batch.ts";

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/** A batch is never inflated beyond this. */
const MAX_INFLATED_BYTES = 128 << 20;
const GZIP = 1;
const ZSTD = 4;

/**
 * The first record of the batch whose timestamp is at least `timestampMs`. Where the records cannot be opened,
 * the batch's first offset stands in: too early by part of a batch, never too late.
 */
export function firstRecordAt(batch: Buffer, header: BatchHeader, timestampMs: number): TimedOffset {
  const whole: TimedOffset = { offset: header.baseOffset, timestamp: header.maxTimestamp };
  if ((header.attributes & TIMESTAMP_TYPE_MASK) !== 0) return whole;
  const records = inflate(batch.subarray(BATCH_HEADER_SIZE), header.attributes & COMPRESSION_MASK);
  if (records === undefined) return whole;
  const reader = new Reader(records);
  try {
    for (let index = 0; index < header.recordCount; index++) {
      const next = zigzag(reader.uvarint()) + reader.position;
      reader.take(1);
      const timestamp = header.baseTimestamp + varlong(reader);
      const offset = header.baseOffset + zigzag(reader.uvarint());
      if (timestamp >= timestampMs) return { offset, timestamp };
      reader.position = next;
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
  }
  return whole;
}

function inflate(records: Buffer, compression: number): Buffer | undefined {
  const options = { maxOutputLength: MAX_INFLATED_BYTES };
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
