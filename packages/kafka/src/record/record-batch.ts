import { compressionsAlgorithms, crc32c } from "@platformatic/kafka";
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
export function recordSizeBound(record: BatchRecord): number {
  let size = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) size += name.length + value.length + 10;
  return size;
}

/** Encodes at least one record as a batch of format 2 (KIP-98), CRC and all. */
export function encodeBatch(
  records: readonly BatchRecord[],
  producer: BatchProducer,
  compression: Compression = "none",
): Buffer {
  const first = records[0];
  if (first === undefined) throw new RangeError("a batch has at least one record");
  const plain = encodeRecords(records, first.timestampMs);
  const codec = compressionsAlgorithms[compression];
  const body = compression === "none" ? plain : codec.compressSync(plain);
  const batch = Buffer.allocUnsafe(FIELD.records + body.length);
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
  body.copy(batch, FIELD.records);
  batch.writeUInt32BE(crc32c(batch.subarray(FIELD.attributes)), FIELD.crc);
  return batch;
}

function encodeRecords(records: readonly BatchRecord[], baseTimestampMs: number): Buffer {
  const sizes = records.map((record, index) => bodySize(record, index, baseTimestampMs));
  const total = sizes.reduce((sum, size) => sum + zigzagSize(size) + size, 0);
  const target = Buffer.allocUnsafe(total);
  let at = 0;
  records.forEach((record, index) => {
    at = writeZigzag(target, at, sizes[index] ?? 0);
    target[at++] = 0; // attributes: none are defined
    at = writeZigzag(target, at, record.timestampMs - baseTimestampMs);
    at = writeZigzag(target, at, index);
    at = writeBytes(target, at, record.key);
    at = writeBytes(target, at, record.value);
    at = writeZigzag(target, at, record.headers.length);
    for (const [name, value] of record.headers) {
      at = writeBytes(target, at, name);
      at = writeBytes(target, at, value);
    }
  });
  return target;
}

function bodySize(record: BatchRecord, index: number, baseTimestampMs: number): number {
  let size = 1 + zigzagSize(record.timestampMs - baseTimestampMs) + zigzagSize(index);
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
  bytes.copy(target, at);
  return at + bytes.length;
}
