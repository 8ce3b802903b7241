import type { ConsumedRecord, OutgoingMessage } from "../record/message.ts";
import type { DeadLetterId } from "./redrive.ts";
import {
  DEAD_LETTER_HEADERS,
  REDRIVE_HEADERS,
  RETRY_HEADERS,
  RETRYABLE_TOPIC_HEADERS,
  readRetryInfo,
} from "./retry-headers.ts";
import { retryTopic } from "./retry-topic.ts";

const NAMES = [DEAD_LETTER_HEADERS, RETRYABLE_TOPIC_HEADERS] as const;

/** Headers that say why and how often it failed: they are void for a new attempt. */
const FAILURE_HEADERS: readonly string[] = [
  ...NAMES.flatMap(({ errorName, causeName, message, stack }) => [errorName, causeName, message, stack]),
  RETRY_HEADERS.attempts,
  RETRY_HEADERS.due,
];

/** Names a dead letter in the header of its replay. */
export function redriveId(deadLetterTopic: string, { partition, offset }: DeadLetterId): string {
  return `${deadLetterTopic}:${partition}:${offset}`;
}

/**
 * The message that sends a dead letter again: to the partition it came from, or to the one of the same number
 * of the first retry topic. In the retry topic it stays a record of its origin and of the group that gave it
 * up; in the topic itself it is a record like any other.
 */
export function replayMessage(letter: ConsumedRecord, to: "origin" | "retry"): OutgoingMessage {
  const { origin } = readRetryInfo(letter);
  const headers: Record<string, Buffer> = Object.fromEntries(letter.headers);
  const voided = to === "retry" ? FAILURE_HEADERS : [...FAILURE_HEADERS, ...ORIGIN_HEADERS];
  for (const name of voided) delete headers[name];
  headers[REDRIVE_HEADERS.id] = Buffer.from(redriveId(letter.topic, letter));
  headers[REDRIVE_HEADERS.count] = Buffer.from(String(redrivesOf(letter) + 1));
  const topic = origin?.topic ?? letter.topic.replace(/\.dlq$/, "");
  return {
    topic: to === "retry" ? retryTopic(topic, 0) : topic,
    // A dead letter of somebody who did not say where it came from goes where its key belongs.
    ...(origin === null ? {} : { partition: origin.partition }),
    key: letter.key,
    value: letter.value,
    headers,
  };
}

const ORIGIN_HEADERS: readonly string[] = [
  ...NAMES.flatMap((names) => [
    names.topic,
    names.partition,
    names.offset,
    names.timestamp,
    names.timestampType,
  ]),
  DEAD_LETTER_HEADERS.consumerGroup,
  RETRY_HEADERS.originalTimestamp,
];

/** How often the record was replayed before. */
export function redrivesOf({ headers }: Pick<ConsumedRecord, "headers">): number {
  const count = Number(headers.get(REDRIVE_HEADERS.count)?.toString() ?? 0);
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}
