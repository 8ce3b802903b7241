import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { compressionsAlgorithmsByBitmask } from "@platformatic/kafka";
import { KAFKA_ERRORS } from "../cluster/errors.ts";
import { checksum } from "./checksum.ts";
import type { ConsumedRecord } from "./message.ts";
import { FIELD, LENGTH_END } from "./record-batch.ts";
import { ByteCursor } from "./varint.ts";

const COMPRESSION = 0b111;
const LOG_APPEND_TIME = 1 << 3;
const CONTROL = 1 << 5;

/** What one batch holds: its records from the wanted offset on, and where the log goes on behind it. */
export interface DecodedBatch {
  readonly records: ConsumedRecord[];
  readonly nextOffset: bigint;
}

/**
 * The whole batches in a piece of a log, one by one. A broker may cut the last one short; it is left out,
 * because it will come whole with the next request.
 */
export function* splitBatches(bytes: Buffer): Generator<Buffer> {
  let start = 0;
  while (bytes.length - start >= FIELD.records) {
    const end = start + LENGTH_END + bytes.readInt32BE(start + FIELD.length);
    if (end > bytes.length || end - start < FIELD.records) return;
    yield bytes.subarray(start, end);
    start = end;
  }
}

/**
 * Decodes a batch of format 2 after checking its CRC; records before `from` and control records are left out.
 * Keys, values and headers are views of the batch. Throws CORRUPT_RECORDS with the place of what is wrong.
 */
export function decodeBatch(batch: Buffer, partition: TopicPartition, from: bigint): DecodedBatch {
  const baseOffset = batch.readBigInt64BE(FIELD.baseOffset);
  const place = `${partitionName(partition)} at offset ${baseOffset}`;
  if (batch.readInt8(FIELD.magic) !== 2) throw corrupt(place, "has a record format other than 2");
  if (checksum(batch.subarray(FIELD.attributes)) !== batch.readUInt32BE(FIELD.crc)) {
    throw corrupt(place, "has a wrong checksum");
  }
  const nextOffset = baseOffset + BigInt(batch.readInt32BE(FIELD.lastOffsetDelta)) + 1n;
  if ((batch.readInt16BE(FIELD.attributes) & CONTROL) !== 0) return { records: [], nextOffset };
  try {
    return { records: decodeRecords(batch, partition, baseOffset, from), nextOffset };
  } catch (cause) {
    throw corrupt(place, "cannot be decoded", cause);
  }
}

function decodeRecords(
  batch: Buffer,
  { topic, partition }: TopicPartition,
  baseOffset: bigint,
  from: bigint,
): ConsumedRecord[] {
  const attributes = batch.readInt16BE(FIELD.attributes);
  const appendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const timestampType = appendTime ? "LogAppendTime" : "CreateTime";
  const maxTimestampMs = Number(batch.readBigInt64BE(FIELD.maxTimestamp));
  const baseTimestampMs = Number(batch.readBigInt64BE(FIELD.baseTimestamp));
  const cursor = new ByteCursor(plainRecords(batch, attributes & COMPRESSION));
  const records: ConsumedRecord[] = [];
  for (let left = batch.readInt32BE(FIELD.recordCount); left > 0; left--) {
    const length = cursor.zigzag();
    const end = cursor.position + length;
    cursor.skip(1); // attributes: none are defined
    const timestampMs = baseTimestampMs + cursor.zigzag();
    const offset = baseOffset + BigInt(cursor.zigzag());
    if (offset >= from) {
      const key = cursor.nullableBytes();
      const value = cursor.nullableBytes();
      const headers = readHeaders(cursor);
      if (cursor.position !== end) throw new RangeError("a record has not the length that it tells");
      const time = appendTime ? maxTimestampMs : timestampMs;
      records.push({ topic, partition, offset, timestampMs: time, timestampType, key, value, headers });
    }
    cursor.skip(end - cursor.position);
  }
  return records;
}

const NO_HEADERS: ReadonlyMap<string, Buffer> = new Map();
const EMPTY = Buffer.alloc(0);

function readHeaders(cursor: ByteCursor): ReadonlyMap<string, Buffer> {
  const count = cursor.zigzag();
  if (count === 0) return NO_HEADERS;
  const headers = new Map<string, Buffer>();
  for (let left = count; left > 0; left--) {
    const name = cursor.nullableBytes() ?? EMPTY;
    headers.set(name.toString("utf8"), cursor.nullableBytes() ?? EMPTY);
  }
  return headers;
}

function plainRecords(batch: Buffer, codecBits: number): Buffer {
  const body = batch.subarray(FIELD.records);
  if (codecBits === 0) return body;
  const codec = compressionsAlgorithmsByBitmask[codecBits];
  if (codec === undefined) throw new RangeError(`compression ${codecBits} is unknown`);
  return codec.decompressSync(body);
}

function corrupt(place: string, problem: string, cause?: unknown): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.corruptRecords,
    `The record batch of ${place} ${problem}.`,
    "Check the broker's disk and the network; nothing was skipped.",
    { cause },
  );
}
