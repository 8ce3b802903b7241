import { MalformedMessage } from "../protocol/reader.ts";
import type { BatchContents } from "../storage/batch-contents.ts";
import type { BatchHeader } from "../storage/record-batch.ts";
import { recordsOf } from "../storage/records.ts";
import type { TopicConfig } from "../topics/topic-config.ts";

/** No clock reaches it: a limit this large is none. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * The records, by their place in the batch, whose timestamps are further from the broker's clock than the topic
 * allows (message.timestamp.before.max.ms and message.timestamp.after.max.ms). Records are opened only where the
 * header leaves a doubt; where they cannot be opened, the first one stands for the batch.
 */
export function untimelyRecords(
  contents: BatchContents,
  header: BatchHeader,
  config: TopicConfig,
  nowMs: number,
): number[] {
  const { timestampBeforeMaxMs, timestampAfterMaxMs } = config;
  const isUntimely = (timestamp: number): boolean =>
    timestamp >= 0 && (nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs);
  const isPastLimited = timestampBeforeMaxMs < UNLIMITED;
  if (!isPastLimited && !isUntimely(header.maxTimestamp)) return [];
  const opened = contents.open();
  if (opened.kind !== "opened") {
    return isUntimely(header.maxTimestamp) || isUntimely(header.baseTimestamp) ? [0] : [];
  }
  const found: number[] = [];
  try {
    for (const { offset, timestamp } of recordsOf(opened.records, header)) {
      if (isUntimely(timestamp)) found.push(offset - header.baseOffset);
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
  }
  return found;
}
