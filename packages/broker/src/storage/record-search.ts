import { MalformedMessage } from "../protocol/reader.ts";
import { type BatchHeader, TIMESTAMP_TYPE_MASK } from "./record-batch.ts";
import { openRecords, recordsOf } from "./records.ts";

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The first record of the batch, at `fromOffset` or behind it, whose timestamp is at least `timestampMs`. Where the records cannot be opened,
 * the batch's first offset stands in: too early by part of a batch, never too late.
 */
export function firstRecordAt(
  batch: Buffer,
  header: BatchHeader,
  timestampMs: number,
  fromOffset: number,
): TimedOffset {
  const whole: TimedOffset = {
    offset: Math.max(header.baseOffset, fromOffset),
    timestamp: header.maxTimestamp,
  };
  if ((header.attributes & TIMESTAMP_TYPE_MASK) !== 0) return whole;
  const opened = openRecords(batch, header);
  if (opened === undefined) return whole;
  try {
    for (const { offset, timestamp } of recordsOf(opened, header)) {
      if (offset >= fromOffset && timestamp >= timestampMs) return { offset, timestamp };
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
  }
  return whole;
}
