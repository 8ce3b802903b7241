import { CandlewickError, type ErrorKind } from "@candlewick/runtime";
import { rootMessage } from "../cluster/errors.ts";
import type { ConsumedRecord } from "../record/message.ts";

/** The errors of consumers that handle failures. */
export const DELIVERY_ERRORS = {
  unwritable: { code: "DEAD_LETTER_UNWRITABLE", retry: "never", fault: "peer" },
  handlerFailed: { code: "HANDLER_FAILED", retry: "never", fault: "user" },
  retryTopics: { code: "RETRY_TOPICS_MISMATCH", retry: "never", fault: "user" },
  commitRefused: { code: "COMMIT_REFUSED", retry: "backoff", fault: "peer" },
  badOptions: { code: "BAD_CONSUMER_OPTIONS", retry: "never", fault: "user" },
} as const satisfies Record<string, ErrorKind>;

function place(record: ConsumedRecord): string {
  return `${record.topic}:${record.partition} at offset ${record.offset}`;
}

/** A record could not be moved to its retry or dead-letter topic: going on would lose it. */
export function unwritable(record: ConsumedRecord, topic: string, cause: unknown): CandlewickError {
  return new CandlewickError(
    DELIVERY_ERRORS.unwritable,
    `The record of ${place(record)} could not be written to ${topic} (${rootMessage(cause)}); consumption stopped, nothing is lost.`,
    `See that ${topic} exists, takes records of this size, and that this client may write to it; then start again.`,
    { cause },
  );
}

/** The handler failed and failures are to end the consumer. */
export function handlerFailed(record: ConsumedRecord, cause: Error): CandlewickError {
  return new CandlewickError(
    DELIVERY_ERRORS.handlerFailed,
    `The record of ${place(record)} could not be processed (${rootMessage(cause)}); consumption stopped.`,
    "Mend the handler or the record, or let failures go to the dead-letter topic.",
    { cause },
  );
}

/** A commit that the handler asked for did not go through. */
export function commitRefused(groupId: string, cause: unknown): CandlewickError {
  return new CandlewickError(
    DELIVERY_ERRORS.commitRefused,
    `The offsets of ${groupId} were not committed (${rootMessage(cause)}).`,
    "Nothing is lost: what is not committed comes again, perhaps at another member.",
    { cause },
  );
}

export function badOptions(what: string, advice: string): CandlewickError {
  return new CandlewickError(DELIVERY_ERRORS.badOptions, what, advice);
}
