import { ErrorCode } from "../protocol/error-code.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import {
  type BatchHeader,
  COMPRESSION_MASK,
  checksumHolds,
  isControl,
  readBatchHeader,
} from "../storage/record-batch.ts";
import { openRecords, recordsOf } from "../storage/records.ts";
import type { TopicConfig } from "../topics/topic-config.ts";

export type CheckedBatch =
  | { readonly kind: "sound"; readonly batch: Buffer; readonly header: BatchHeader }
  | { readonly kind: "refused"; readonly errorCode: ErrorCode; readonly reason: string };

const MAGIC_AT = 16;
const ZSTD = 4;
const ZSTD_SINCE_VERSION = 7;

/** Judges what a client wants appended: one whole batch of format 2 whose header and checksum are right. */
export function checkBatch(
  records: Buffer | null,
  config: TopicConfig,
  produceVersion: number,
): CheckedBatch {
  if (records === null || records.length === 0) return refused(ErrorCode.INVALID_RECORD, "no record batch");
  if (records.length <= MAGIC_AT) return refused(ErrorCode.CORRUPT_MESSAGE, "record batch is cut short");
  const magic = records.readInt8(MAGIC_AT);
  if (magic === 0 || magic === 1) {
    return refused(ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, `message format ${magic} is not supported`);
  }
  const header = readBatchHeader(records);
  if (header === undefined) return refused(ErrorCode.CORRUPT_MESSAGE, "not a record batch of format 2");
  if (header.sizeBytes > config.maxMessageBytes) {
    return refused(
      ErrorCode.MESSAGE_TOO_LARGE,
      `batch of ${header.sizeBytes} bytes exceeds max.message.bytes`,
    );
  }
  if (header.sizeBytes > records.length)
    return refused(ErrorCode.CORRUPT_MESSAGE, "record batch is cut short");
  if (header.sizeBytes < records.length) {
    return refused(ErrorCode.INVALID_RECORD, "exactly one record batch per partition is allowed");
  }
  if (!checksumHolds(records, 0, header.sizeBytes)) {
    return refused(ErrorCode.CORRUPT_MESSAGE, "record batch has a wrong checksum");
  }
  if (config.isCompacted && !allHaveKeys(records, header)) {
    return refused(ErrorCode.INVALID_RECORD, "a compacted topic takes only records with a key");
  }
  const problem = headerProblem(header, produceVersion);
  return problem ?? { kind: "sound", batch: records, header };
}

function refused(errorCode: ErrorCode, reason: string): CheckedBatch & { kind: "refused" } {
  return { kind: "refused", errorCode, reason };
}

/** Batches whose codec Node cannot open are taken on trust. */
function allHaveKeys(batch: Buffer, header: BatchHeader): boolean {
  const opened = openRecords(batch, header);
  if (opened === undefined) return true;
  try {
    for (const { key } of recordsOf(opened, header)) if (key === null) return false;
    return true;
  } catch (error) {
    if (error instanceof MalformedMessage) return false;
    throw error;
  }
}

function headerProblem(header: BatchHeader, produceVersion: number): CheckedBatch | undefined {
  const { recordCount, baseOffset, lastOffset, producerId, producerEpoch, baseSequence } = header;
  if (recordCount <= 0 || lastOffset - baseOffset !== recordCount - 1) {
    return refused(ErrorCode.INVALID_RECORD, "record count and last offset do not agree");
  }
  if (isControl(header)) return refused(ErrorCode.INVALID_RECORD, "clients may not write control batches");
  if (producerId >= 0 && (producerEpoch < 0 || baseSequence < 0)) {
    return refused(ErrorCode.INVALID_RECORD, "a producer id needs an epoch and a sequence number");
  }
  const compression = header.attributes & COMPRESSION_MASK;
  if (compression > ZSTD) return refused(ErrorCode.CORRUPT_MESSAGE, "unknown compression");
  if (compression === ZSTD && produceVersion < ZSTD_SINCE_VERSION) {
    return refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs produce version 7");
  }
  return undefined;
}
