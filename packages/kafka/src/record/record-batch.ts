import { compressionsAlgorithms } from "@platformatic/kafka";
import { checksum } from "./checksum.ts";
import { writeZigzag, zigzagSize } from "./varint.ts";

export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** A message in the form in which it is encoded. */
export interface BatchRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: Buffer, value: Buffer])[];
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** Who produces the batch and its place in that producer's sequence; see KIP-98. */
export interface BatchProducer {
  readonly id: bigint;
  readonly epoch: number;
  readonly firstSequence: number;
}

/** Where the fields of a batch of format 2 lie; the header is followed by the records. */
export const FIELD = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** The bytes before the field that counts the length of all that follows it. */
export const LENGTH_END = 12;

/** At most so many bytes a record adds to its key, value and headers. */
const RECORD_OVERHEAD = 30;

/** An upper bound of the bytes that a record takes in a batch. */
export function recordSizeBound({ key, value, headers }: BatchRecord): number {
  const size = RECORD_OVERHEAD + (key === null ? 0 : key.length) + (value === null ? 0 : value.length);
  return headers.length === 0 ? size : size + headersSizeBound(headers);
}

/** An upper bound of the bytes that headers take in a record. */
export function headersSizeBound(headers: BatchRecord["headers"]): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 10;
  return size;
}

/** Encodes at least one record as a batch of format 2 (KIP-98), CRC and all. */
export function encodeBatch(
  records: readonly BatchRecord[],
  producer: BatchProducer,
  compression: Compression = "none",
): Buffer {
  return encodeBatchInto(Buffer.allocUnsafe(batchSizeBound(records)), records, producer, compression);
}

/** An upper bound of the bytes of a batch without compression; seldom more than a few bytes a record too large. */
export function batchSizeBound(records: readonly BatchRecord[]): number {
  return records.reduce<number>((sum, record) => sum + recordSizeBound(record), FIELD.records);
}

/** The same in memory of at least `batchSizeBound`; where that is too small for compressed records, in other memory. */
export function encodeBatchInto(
  plain: Buffer,
  records: readonly BatchRecord[],
  producer: BatchProducer,
  compression: Compression,
): Buffer {
  const first = records[0];
  if (first === undefined) throw new RangeError("a batch has at least one record");
  const codec = compressionsAlgorithms[compression];
  const end = writeRecords(plain, FIELD.records, records, first.timestampMs);
  const batch =
    compression === "none"
      ? plain.subarray(0, end)
      : compressed(plain, codec.compressSync(plain.subarray(FIELD.records, end)));
  batch.writeBigInt64BE(0n, FIELD.baseOffset);
  batch.writeInt32BE(batch.length - LENGTH_END, FIELD.length);
  batch.writeInt32BE(-1, FIELD.leaderEpoch);
  batch.writeInt8(2, FIELD.magic);
  batch.writeInt16BE(codec.bitmask, FIELD.attributes);
  batch.writeInt32BE(records.length - 1, FIELD.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(first.timestampMs), FIELD.baseTimestamp);
  const latest = records.reduce((max, record) => Math.max(max, record.timestampMs), first.timestampMs);
  batch.writeBigInt64BE(BigInt(latest), FIELD.maxTimestamp);
  batch.writeBigInt64BE(producer.id, FIELD.producerId);
  batch.writeInt16BE(producer.epoch, FIELD.producerEpoch);
  batch.writeInt32BE(producer.firstSequence, FIELD.baseSequence);
  batch.writeInt32BE(records.length, FIELD.recordCount);
  batch.writeUInt32BE(checksum(batch.subarray(FIELD.attributes)), FIELD.crc);
  return batch;
}

/** The compressed records behind room for the header: in the plain ones' memory where they fit. */
function compressed(plain: Buffer, body: Buffer): Buffer {
  const length = FIELD.records + body.length;
  const batch = length <= plain.length ? plain.subarray(0, length) : Buffer.allocUnsafe(length);
  body.copy(batch, FIELD.records);
  return batch;
}

/** Writes the records one after the other; returns the position after the last one. */
function writeRecords(
  target: Buffer,
  start: number,
  records: readonly BatchRecord[],
  baseTimestampMs: number,
): number {
  let at = start;
  let index = 0;
  for (const record of records) {
    const { key, value, headers } = record;
    const timeDelta = record.timestampMs - baseTimestampMs;
    at = writeZigzag(target, at, bodySize(record, index, timeDelta));
    target[at++] = 0; // attributes: none are defined
    at = writeZigzag(target, at, timeDelta);
    at = writeZigzag(target, at, index++);
    at = writeBytes(target, at, key);
    at = writeBytes(target, at, value);
    at = writeZigzag(target, at, headers.length);
    for (const [name, content] of headers) {
      at = writeBytes(target, at, name);
      at = writeBytes(target, at, content);
    }
  }
  if (at > target.length) throw new RangeError(`records of ${at} bytes do not fit into ${target.length}`);
  return at;
}

function bodySize(record: BatchRecord, index: number, timeDelta: number): number {
  let size = 1 + zigzagSize(timeDelta) + zigzagSize(index);
  size += bytesSize(record.key) + bytesSize(record.value) + zigzagSize(record.headers.length);
  for (const [name, value] of record.headers) size += bytesSize(name) + bytesSize(value);
  return size;
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : zigzagSize(bytes.length) + bytes.length;
}

function writeBytes(target: Buffer, position: number, bytes: Buffer | null): number {
  if (bytes === null) return writeZigzag(target, position, -1);
  const at = writeZigzag(target, position, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}
