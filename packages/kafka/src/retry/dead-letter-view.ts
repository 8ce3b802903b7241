import type { ConsumedRecord } from "../record/message.ts";
import type { DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterState } from "./redrive.ts";
import { redrivesOf } from "./replay-message.ts";
import { headerNames, readBigint, readNumber } from "./retry-headers.ts";

/** The record of a dead-letter topic as what it is, as far as its headers tell. */
export function deadLetterOf(record: ConsumedRecord, state: DeadLetterState): DeadLetter {
  const { headers, partition, offset } = record;
  const names = headerNames(record);
  const text = (name: string): string | null => headers.get(name)?.toString() ?? null;
  return {
    id: { partition, offset },
    state,
    deadSinceMs: record.timestampMs,
    key: record.key,
    value: record.value,
    headers,
    origin: {
      topic: text(names.topic) ?? record.topic.replace(/\.dlq$/, ""),
      partition: readNumber(headers.get(names.partition)),
      offset: readBigint(headers.get(names.offset)),
      timestampMs: readNumber(headers.get(names.timestamp)),
      consumerGroup: text(names.consumerGroup),
    },
    error: {
      name: text(names.errorName),
      causeName: text(names.causeName),
      message: text(names.message),
      stack: text(names.stack),
    },
    attempts: readNumber(headers.get(names.attempts)),
    redrives: redrivesOf(record),
  };
}

/** Whether a dead letter meets all conditions; `states` is "dead" where the filter does not say. */
export function matchesFilter(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { error, fromMs, untilMs, key, originPartition, ids, states = ["dead"] } = filter;
  if (!states.includes(letter.state)) return false;
  if (fromMs !== undefined && letter.deadSinceMs < fromMs) return false;
  if (untilMs !== undefined && letter.deadSinceMs >= untilMs) return false;
  if (originPartition !== undefined && letter.origin.partition !== originPartition) return false;
  if (key !== undefined && (letter.key === null || !letter.key.equals(Buffer.from(key)))) return false;
  if (ids !== undefined && !ids.some((id) => isSame(id, letter.id))) return false;
  return error === undefined || matchesError(letter, error);
}

function isSame(one: DeadLetterId, other: DeadLetterId): boolean {
  return one.partition === other.partition && one.offset === other.offset;
}

function matchesError({ error }: DeadLetter, wanted: string | RegExp): boolean {
  const texts = [error.name, error.causeName, error.message].filter((text) => text !== null);
  return texts.some((text) => {
    if (typeof wanted === "string") return text.toLowerCase().includes(wanted.toLowerCase());
    // An expression with the flag g or y keeps a place of its own between calls, which must not matter.
    wanted.lastIndex = 0;
    return wanted.test(text);
  });
}
