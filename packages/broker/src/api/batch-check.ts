import { ErrorCode } from "../protocol/error-code.ts";
import { BatchContents } from "../storage/batch-contents.ts";
import {
  type BatchHeader,
  COMPRESSION_MASK,
  checksumHolds,
  isControl,
  LOG_OVERHEAD,
  readBatchHeader,
} from "../storage/record-batch.ts";
import { judgeRecords, type RecordsVerdict } from "../storage/records.ts";
import type { TopicConfig } from "../topics/topic-config.ts";
import { recordFaults } from "./record-faults.ts";

export type CheckedBatch =
  | {
      readonly kind: "sound";
      readonly batch: Buffer;
      readonly header: BatchHeader;
      readonly contents: BatchContents;
    }
  | {
      readonly kind: "refused";
      readonly errorCode: ErrorCode;
      readonly reason: string;
      /** True if the batch is whole and it is the log that does not want it: then the answer names the log's start. */
      readonly isWhole: boolean;
      /** The records that are at fault, by their place in the batch; none where it is the batch itself. */
      readonly records: readonly number[];
    };

const SIZE_AT = 8;
const MAGIC_AT = 16;
const FORMAT = 2;
const ZSTD = 4;
/** What `compression.type` can ask for besides the codec of the producer. */
const CODECS: Readonly<Record<string, number>> = { uncompressed: 0, gzip: 1, snappy: 2, lz4: 3, zstd: ZSTD };
const ZSTD_SINCE_VERSION = 7;

/** One batch of format 2 as far as it can be told before it is known whether its producer may write. */
export type SentBatch =
  | { readonly kind: "read"; readonly batch: Buffer; readonly header: BatchHeader }
  | RefusedBatch;

type RefusedBatch = Extract<CheckedBatch, { kind: "refused" }>;

/** Reads what a client wants appended: one whole batch of format 2. */
export function readBatch(records: Buffer | null, produceVersion: number): SentBatch {
  if (records === null || records.length === 0) return refused(ErrorCode.INVALID_RECORD, "no record batch");
  if (records.length <= MAGIC_AT) return refused(ErrorCode.INVALID_RECORD, "record batch is cut short");
  const magic = records.readInt8(MAGIC_AT);
  if (magic === 0 || magic === 1) {
    return refused(ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, `message format ${magic} is not supported`);
  }
  const isCut = magic === FORMAT && LOG_OVERHEAD + records.readInt32BE(SIZE_AT) > records.length;
  if (isCut) return refused(ErrorCode.INVALID_RECORD, "record batch is cut short");
  const header = readBatchHeader(records);
  if (header === undefined) return refused(ErrorCode.CORRUPT_MESSAGE, "not a record batch of format 2");
  const compression = header.attributes & COMPRESSION_MASK;
  if (compression === ZSTD && produceVersion < ZSTD_SINCE_VERSION) {
    return refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs produce version 7");
  }
  // Bytes behind the batch that are too few for another one are no more than padding.
  const behind = records.length - header.sizeBytes;
  if (behind > MAGIC_AT) {
    return refused(ErrorCode.INVALID_RECORD, "exactly one record batch per partition is allowed");
  }
  return { kind: "read", batch: records.subarray(0, header.sizeBytes), header };
}

/** Judges a batch whose producer may write, in the order in which Apache Kafka looks at it. */
export function checkBatch(
  { batch, header }: Extract<SentBatch, { kind: "read" }>,
  config: TopicConfig,
  nowMs: number,
): CheckedBatch {
  if (header.baseOffset !== 0) {
    return refused(ErrorCode.INVALID_RECORD, "offsets are counted from 0 in what a client sends", true);
  }
  if (header.sizeBytes > config.maxMessageBytes) {
    return refused(
      ErrorCode.MESSAGE_TOO_LARGE,
      `batch of ${header.sizeBytes} bytes exceeds max.message.bytes`,
    );
  }
  if (!checksumHolds(batch, 0, header.sizeBytes)) {
    return refused(ErrorCode.CORRUPT_MESSAGE, "record batch has a wrong checksum");
  }
  const contents = new BatchContents(batch, header);
  const problem =
    headerProblem(header) ??
    faultyRecords(contents, header, config, nowMs) ??
    recordsProblem(contents, header) ??
    producerProblem(header, config);
  return problem ?? { kind: "sound", batch, header, contents };
}

/** The records that the topic does not take: one that is out of time names the error of all of them. */
function faultyRecords(
  contents: BatchContents,
  header: BatchHeader,
  config: TopicConfig,
  nowMs: number,
): RefusedBatch | undefined {
  const faults = recordFaults(contents, header, config, nowMs);
  if (faults === "malformed") {
    return refused(ErrorCode.INVALID_RECORD, "the records are not what the header says", true);
  }
  if (faults.length === 0) return undefined;
  const indexes = faults.map(({ index }) => index);
  return faults.some(({ kind }) => kind === "untimely")
    ? refused(ErrorCode.INVALID_TIMESTAMP, "timestamps outside of the allowed range", true, indexes)
    : refused(ErrorCode.INVALID_RECORD, "a compacted topic takes only records with a key", true, indexes);
}

function refused(
  errorCode: ErrorCode,
  reason: string,
  isWhole = false,
  records: readonly number[] = [],
): RefusedBatch {
  return { kind: "refused", errorCode, reason, isWhole, records };
}

/** Looks behind the header, and behind the compression; what is stored are the bytes as they came. */
function recordsProblem(contents: BatchContents, header: BatchHeader): CheckedBatch | undefined {
  const opened = contents.open();
  switch (opened.kind) {
    case "damaged":
      return refused(ErrorCode.UNKNOWN_SERVER_ERROR, "the records cannot be decompressed", true);
    case "closed":
      return undefined;
    case "opened":
      return openedProblem(judgeRecords(opened.records, header), header);
  }
}

function openedProblem(verdict: RecordsVerdict, header: BatchHeader): CheckedBatch | undefined {
  switch (verdict) {
    case "sound":
      return undefined;
    case "malformed":
      return refused(ErrorCode.INVALID_RECORD, "the records are not what the header says", true);
    case "out of order": {
      // Apache Kafka looks at the offsets inside of a batch only where it would have to compress it again.
      const isCompressed = (header.attributes & COMPRESSION_MASK) !== 0;
      const reason = "the records are not counted up from 0";
      return isCompressed ? refused(ErrorCode.UNKNOWN_SERVER_ERROR, reason, true) : undefined;
    }
  }
}

/**
 * Batches are stored in the codec they came in, whatever the topic asks for. Apache Kafka writes those of another
 * codec anew, and stumbles where a producer has no epoch to write.
 */
function producerProblem(
  { attributes, producerId, producerEpoch }: BatchHeader,
  config: TopicConfig,
): RefusedBatch | undefined {
  if (producerId < 0 || producerEpoch !== -1) return undefined;
  const codec = CODECS[config.get("compression.type")];
  if (codec === undefined || codec === (attributes & COMPRESSION_MASK)) return undefined;
  return refused(ErrorCode.UNKNOWN_SERVER_ERROR, "a producer without an epoch", true);
}

function headerProblem(header: BatchHeader): CheckedBatch | undefined {
  const { recordCount, baseOffset, lastOffset, producerId, baseSequence } = header;
  const invalid = (reason: string): CheckedBatch => refused(ErrorCode.INVALID_RECORD, reason, true);
  const compression = header.attributes & COMPRESSION_MASK;
  if (compression > ZSTD) return refused(ErrorCode.UNKNOWN_SERVER_ERROR, "unknown compression", true);
  if (recordCount <= 0 || lastOffset - baseOffset !== recordCount - 1) {
    return invalid("record count and last offset do not agree");
  }
  if (isControl(header)) return invalid("clients may not write control batches");
  if (producerId >= 0 && baseSequence < 0) return invalid("a producer id needs a sequence number");
  return undefined;
}
