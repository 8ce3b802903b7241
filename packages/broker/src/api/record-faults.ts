import { MalformedMessage } from "../protocol/reader.ts";
import type { BatchContents } from "../storage/batch-contents.ts";
import { type BatchHeader, TIMESTAMP_TYPE_MASK } from "../storage/record-batch.ts";
import { recordsOf } from "../storage/records.ts";
import type { TopicConfig } from "../topics/topic-config.ts";

/** Why a topic does not take a record, which is named by its place in the batch. */
export interface RecordFault {
  readonly index: number;
  /** Without a key in a topic that is compacted by keys, or with a timestamp that is not allowed. */
  readonly kind: "keyless" | "untimely";
}

/** No clock reaches it: a limit this large is none. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * The records that the topic does not take: without a key where it is compacted, or with timestamps that are further
 * from the broker's clock than it allows (message.timestamp.before.max.ms and message.timestamp.after.max.ms).
 * Records are opened only where the header leaves a doubt; where they cannot be opened, the first one stands for the
 * batch. "malformed" where the records are not what the header says.
 */
export function recordFaults(
  contents: BatchContents,
  header: BatchHeader,
  config: TopicConfig,
  nowMs: number,
): readonly RecordFault[] | "malformed" {
  const isUntimely = timeRule(header, config, nowMs);
  const mayBeUntimely = !config.usesAppendTime && config.timestampBeforeMaxMs < UNLIMITED;
  if (!config.isCompacted && !mayBeUntimely && !isUntimely(header.maxTimestamp)) return [];
  const opened = contents.open();
  if (opened.kind !== "opened") {
    const isLate = isUntimely(header.maxTimestamp) || isUntimely(header.baseTimestamp);
    return isLate ? [{ index: 0, kind: "untimely" }] : [];
  }
  const found: RecordFault[] = [];
  try {
    let index = 0;
    for (const { key, timestamp } of recordsOf(opened.records, header)) {
      if (config.isCompacted && key === null) found.push({ index, kind: "keyless" });
      else if (isUntimely(timestamp)) found.push({ index, kind: "untimely" });
      index++;
    }
    return found;
  } catch (error) {
    if (error instanceof MalformedMessage) return "malformed";
    throw error;
  }
}

/** Which timestamps the topic refuses. Where it stamps records itself, only a batch that claims to be stamped. */
function timeRule(
  { attributes }: BatchHeader,
  { usesAppendTime, timestampBeforeMaxMs, timestampAfterMaxMs }: TopicConfig,
  nowMs: number,
): (timestamp: number) => boolean {
  const claimsStamp = (attributes & TIMESTAMP_TYPE_MASK) !== 0;
  return (timestamp) =>
    usesAppendTime || timestamp === -1
      ? claimsStamp
      : nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs;
}
