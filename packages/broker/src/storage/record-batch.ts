import { readInt64 } from "../protocol/reader.ts";
import { writeInt64 } from "../protocol/writer.ts";
import { crc32c } from "./crc32c.ts";

/**
 * The header of a record batch, format version 2 (magic 2), as in "Record Batch" of Kafka's protocol
 * documentation. Only the base offset and the leader epoch lie outside the checksum: they are what a broker
 * may write into a batch that it stores as it came.
 */
export interface BatchHeader {
  readonly baseOffset: number;
  /** Bytes of the whole batch, the leading offset and length included. */
  readonly sizeBytes: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly attributes: number;
  readonly lastOffset: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAX_TIMESTAMP_AT = 35;
/** Offset and length: what stands before the counted bytes. */
export const LOG_OVERHEAD = 12;
export const BATCH_HEADER_SIZE = 61;
/** No sane batch exceeds it; a larger announced length is damage. */
const MAX_BATCH_SIZE = 0x4000_0000;

export const COMPRESSION_MASK = 0x07;
export const TIMESTAMP_TYPE_MASK = 0x08;
export const TRANSACTIONAL_MASK = 0x10;
export const CONTROL_MASK = 0x20;

export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & TRANSACTIONAL_MASK) !== 0;
}

export function isControl(header: BatchHeader): boolean {
  return (header.attributes & CONTROL_MASK) !== 0;
}

/**
 * Reads the header at `position`, or returns undefined where no header fits or its length or format version
 * is impossible. The batch itself may extend past the buffer.
 */
export function readBatchHeader(buffer: Buffer, position = 0): BatchHeader | undefined {
  if (position + BATCH_HEADER_SIZE > buffer.length) return undefined;
  const length = buffer.readInt32BE(position + LENGTH_AT);
  const magic = buffer.readInt8(position + MAGIC_AT);
  if (magic !== 2 || length < BATCH_HEADER_SIZE - LOG_OVERHEAD || length > MAX_BATCH_SIZE) return undefined;
  const baseOffset = readInt64(buffer, position);
  return {
    baseOffset,
    sizeBytes: length + LOG_OVERHEAD,
    leaderEpoch: buffer.readInt32BE(position + LEADER_EPOCH_AT),
    magic,
    attributes: buffer.readInt16BE(position + ATTRIBUTES_AT),
    lastOffset: baseOffset + buffer.readInt32BE(position + 23),
    baseTimestamp: readInt64(buffer, position + 27),
    maxTimestamp: readInt64(buffer, position + MAX_TIMESTAMP_AT),
    producerId: readInt64(buffer, position + 43),
    producerEpoch: buffer.readInt16BE(position + 51),
    baseSequence: buffer.readInt32BE(position + 53),
    recordCount: buffer.readInt32BE(position + 57),
  };
}

/** True if the checksum of the batch of `sizeBytes` at `position`, wholly in the buffer, is right. */
export function checksumHolds(buffer: Buffer, position: number, sizeBytes: number): boolean {
  const stored = buffer.readUInt32BE(position + CRC_AT);
  return crc32c(buffer, position + ATTRIBUTES_AT, position + sizeBytes) === stored;
}

export function setChecksum(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT);
}

/** Writes what the leader decides: base offset and leader epoch, both outside the checksum. */
export function stampBatch(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, baseOffset, 0);
  batch.writeInt32BE(leaderEpoch, LEADER_EPOCH_AT);
}

/** Marks the batch as stamped by the log (LogAppendTime); changes covered bytes, so the checksum is renewed. */
export function stampAppendTime(batch: Buffer, timestampMs: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | TIMESTAMP_TYPE_MASK, ATTRIBUTES_AT);
  writeInt64(batch, timestampMs, MAX_TIMESTAMP_AT);
  setChecksum(batch);
}

export interface NewBatch {
  readonly attributes: number;
  readonly timestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly records: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[];
}

/** Builds an uncompressed batch of the broker's own (transaction markers). The base offset is stamped later. */
export function buildBatch(batch: NewBatch): Buffer {
  const bodies = batch.records.map((record, index) => encodeRecord(index, record.key, record.value));
  const header = Buffer.alloc(BATCH_HEADER_SIZE);
  const whole = Buffer.concat([header, ...bodies]);
  whole.writeInt32BE(whole.length - LOG_OVERHEAD, LENGTH_AT);
  whole.writeInt8(2, MAGIC_AT);
  whole.writeInt16BE(batch.attributes, ATTRIBUTES_AT);
  whole.writeInt32BE(batch.records.length - 1, 23);
  writeInt64(whole, batch.timestampMs, 27);
  writeInt64(whole, batch.timestampMs, MAX_TIMESTAMP_AT);
  writeInt64(whole, batch.producerId, 43);
  whole.writeInt16BE(batch.producerEpoch, 51);
  whole.writeInt32BE(-1, 53);
  whole.writeInt32BE(batch.records.length, 57);
  setChecksum(whole);
  return whole;
}

function encodeRecord(offsetDelta: number, key: Buffer | null, value: Buffer | null): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(offsetDelta),
    varint(key?.length ?? -1),
    key ?? Buffer.alloc(0),
    varint(value?.length ?? -1),
    value ?? Buffer.alloc(0),
    varint(0),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** A zigzag variable-length integer, as used inside records. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
