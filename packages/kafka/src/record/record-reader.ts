import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { compressionsAlgorithmsByBitmask } from "@platformatic/kafka";
import { KAFKA_ERRORS } from "../cluster/errors.ts";
import type { TransactionalBatch } from "./aborted-transactions.ts";
import { checksum } from "./checksum.ts";
import type { ConsumedRecord } from "./message.ts";
import { FIELD, LENGTH_END } from "./record-batch.ts";
import { ByteCursor } from "./varint.ts";

const COMPRESSION = 0b111;
const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

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

/** What a batch tells of its transaction. */
export function transactionOf(batch: Buffer): TransactionalBatch {
  const attributes = batch.readInt16BE(FIELD.attributes);
  return {
    producerId: batch.readBigInt64BE(FIELD.producerId),
    lastOffset: batch.readBigInt64BE(FIELD.baseOffset) + BigInt(batch.readInt32BE(FIELD.lastOffsetDelta)),
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
  };
}

/** Some records of a batch, and where the log goes on behind them. */
export interface RecordPiece {
  readonly records: readonly ConsumedRecord[];
  readonly nextOffset: bigint;
}

/**
 * Decodes a batch of format 2, after checking its CRC, piece by piece; records before `from` and control records
 * are left out. Keys, values and headers are views of the batch. Throws CORRUPT_RECORDS with the place of what is
 * wrong.
 */
export class BatchReader {
  readonly #partition: TopicPartition;
  readonly #place: string;
  readonly #baseOffset: bigint;
  readonly #fromDelta: number;
  readonly #lastDelta: number;
  readonly #baseTimestampMs: number;
  /** The time that all its records have; null where each has its own. */
  readonly #appendTimeMs: number | null;
  readonly #cursor: ByteCursor;
  #left: number;
  #readDelta = -1;

  constructor(batch: Buffer, partition: TopicPartition, from: bigint) {
    this.#partition = partition;
    this.#baseOffset = batch.readBigInt64BE(FIELD.baseOffset);
    this.#place = `${partitionName(partition)} at offset ${this.#baseOffset}`;
    if (batch.readInt8(FIELD.magic) !== 2) throw corrupt(this.#place, "has a record format other than 2");
    if (checksum(batch.subarray(FIELD.attributes)) !== batch.readUInt32BE(FIELD.crc)) {
      throw corrupt(this.#place, "has a wrong checksum");
    }
    this.#fromDelta = Number(from - this.#baseOffset);
    this.#lastDelta = batch.readInt32BE(FIELD.lastOffsetDelta);
    const attributes = batch.readInt16BE(FIELD.attributes);
    const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
    this.#appendTimeMs = isAppendTime ? Number(batch.readBigInt64BE(FIELD.maxTimestamp)) : null;
    this.#baseTimestampMs = Number(batch.readBigInt64BE(FIELD.baseTimestamp));
    const isControl = (attributes & CONTROL) !== 0;
    this.#left = isControl ? 0 : batch.readInt32BE(FIELD.recordCount);
    this.#cursor = this.#orCorrupt(
      () => new ByteCursor(isControl ? EMPTY : plainRecords(batch, attributes & COMPRESSION)),
    );
  }

  /** Leaves out what was not read yet. */
  skip(): void {
    this.#left = 0;
  }

  /** Whether all was read. */
  get isDone(): boolean {
    return this.#left <= 0;
  }

  /** The next records, as many as begin within so many bytes. */
  read(maxBytes: number): RecordPiece {
    const records = this.#orCorrupt(() => this.#readUntil(this.#cursor.position + maxBytes));
    const passed = this.isDone ? this.#lastDelta : this.#readDelta;
    return { records, nextOffset: this.#baseOffset + BigInt(passed) + 1n };
  }

  #readUntil(end: number): ConsumedRecord[] {
    const cursor = this.#cursor;
    const { topic, partition } = this.#partition;
    const timestampType = this.#appendTimeMs === null ? "CreateTime" : "LogAppendTime";
    const records: ConsumedRecord[] = [];
    for (; this.#left > 0 && cursor.position < end; this.#left--) {
      const length = cursor.zigzag();
      const recordEnd = cursor.position + length;
      cursor.skip(1); // attributes: none are defined
      const timestampMs = this.#baseTimestampMs + cursor.zigzag();
      const delta = cursor.zigzag();
      this.#readDelta = delta;
      if (delta >= this.#fromDelta) {
        const offset = this.#baseOffset + BigInt(delta);
        const key = cursor.nullableBytes();
        const value = cursor.nullableBytes();
        const headers = readHeaders(cursor);
        if (cursor.position !== recordEnd) throw new RangeError("a record has not the length that it tells");
        const time = this.#appendTimeMs ?? timestampMs;
        records.push({ topic, partition, offset, timestampMs: time, timestampType, key, value, headers });
      }
      cursor.skip(recordEnd - cursor.position);
    }
    // Whoever tells of more records than there are bytes would be waited for without end.
    if (this.#left > 0 && cursor.position >= cursor.bytes.length)
      throw new RangeError("it tells of more records than it has");
    return records;
  }

  #orCorrupt<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (cause) {
      throw corrupt(this.#place, "cannot be decoded", cause);
    }
  }
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
