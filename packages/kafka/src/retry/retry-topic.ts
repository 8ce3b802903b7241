import { deadLetterTopic, MAX_MESSAGE_BYTES, type TopicSpec } from "@candlewick/contracts";
import type { ConsumedRecord, OutgoingMessage } from "../record/message.ts";
import {
  DEAD_LETTER_HEADERS,
  int32,
  int64,
  minimalBytes,
  RETRY_HEADERS,
  type RecordOrigin,
  readRetryInfo,
} from "./retry-headers.ts";

/** The topic that records of `topic` wait in before attempt number `index` + 2; from 0. */
export function retryTopic(topic: string, index: number): string {
  return `${topic}.retry.${index}`;
}

/** The topic that stands behind the name of a retry or dead-letter topic, and its level; level 0 is the topic itself. */
export function topicFamily(name: string): { readonly topic: string; readonly level: number } {
  const match = /^(.+)\.retry\.(\d+)$/.exec(name);
  const [, topic, index] = match ?? [];
  if (topic === undefined || index === undefined) return { topic: name, level: 0 };
  return { topic, level: Number(index) + 1 };
}

/** Whether a topic belongs to another one: its retries, its dead letters, or what was done with them. */
export function isFollowUpTopic(name: string): boolean {
  return /\.(retry\.\d+|dlq|dlq\.audit)$/.test(name);
}

/** A dead-letter or retry topic takes what its topic takes, and the headers that tell why. */
const MAX_BYTES = String(MAX_MESSAGE_BYTES + 65_536);

/**
 * The retry topics and the dead-letter topic of `topic`. Retry topics need as many partitions as the topic:
 * a record stays in the partition of the same number, so that one consumer has all records of a key.
 */
export function retryTopicSpecs(topic: string, partitions: number, retries: number): TopicSpec[] {
  const config = { "max.message.bytes": MAX_BYTES, "retention.ms": "-1" };
  const specs = Array.from({ length: retries }, (_, index) => ({
    name: retryTopic(topic, index),
    partitions,
    config,
  }));
  return [...specs, { name: deadLetterTopic(topic), partitions: 1, config }];
}

/**
 * Where the record was read first: what its headers tell where it lies in a retry topic, else its own place. The
 * headers also survive in other topics, which are read for themselves: a dead letter is first read as a dead letter.
 */
export function originOf(record: ConsumedRecord): RecordOrigin {
  const { topic, level } = topicFamily(record.topic);
  const { origin } = readRetryInfo(record);
  if (level > 0 && origin !== null && origin.topic === topic) return origin;
  return { topic, partition: record.partition, offset: record.offset, timestampMs: record.timestampMs };
}

/** The record as it was when it was read first: what a handler gets of a record in a retry topic. */
export function asFirstRead(record: ConsumedRecord): ConsumedRecord {
  return topicFamily(record.topic).level === 0 ? record : { ...record, ...originOf(record) };
}

/** Why and how a record moves on. */
export interface Move {
  readonly record: ConsumedRecord;
  /** How often it was tried. */
  readonly attempts: number;
  readonly consumerGroup: string | null;
  /** Null for a record that is only parked behind another one. */
  readonly failure: Error | null;
  /** Milliseconds since the epoch; null where it is due as soon as those before it are done. */
  readonly dueMs: number | null;
}

/** The message for the retry topic of a level, from 1. It goes to the partition of the same number. */
export function retryMessage(move: Move, level: number): OutgoingMessage {
  const origin = originOf(move.record);
  const headers = moveHeaders(move, origin);
  if (move.dueMs !== null) headers[RETRY_HEADERS.due] = minimalBytes(move.dueMs);
  headers[RETRY_HEADERS.originalTimestamp] ??= minimalBytes(Math.max(0, origin.timestampMs));
  return {
    topic: retryTopic(origin.topic, level - 1),
    partition: move.record.partition,
    key: move.record.key,
    value: move.record.value,
    headers,
  };
}

/** The message for the dead-letter topic: key, value and headers as they were, and why it was given up. */
export function deadLetterMessage(move: Move): OutgoingMessage {
  const origin = originOf(move.record);
  const { key, value } = move.record;
  return { topic: deadLetterTopic(origin.topic), key, value, headers: moveHeaders(move, origin) };
}

const MAX_NAME_CHARS = 200;
const MAX_MESSAGE_CHARS = 2_000;
const MAX_STACK_CHARS = 8_000;

function moveHeaders(move: Move, origin: RecordOrigin): Record<string, string | Buffer> {
  const { record, failure } = move;
  const headers: Record<string, string | Buffer> = Object.fromEntries(record.headers);
  delete headers[RETRY_HEADERS.due];
  headers[DEAD_LETTER_HEADERS.topic] = origin.topic;
  headers[DEAD_LETTER_HEADERS.partition] = int32(origin.partition);
  headers[DEAD_LETTER_HEADERS.offset] = int64(origin.offset);
  headers[DEAD_LETTER_HEADERS.timestamp] = int64(BigInt(Math.max(0, origin.timestampMs)));
  headers[DEAD_LETTER_HEADERS.timestampType] ??= record.timestampType ?? "CreateTime";
  headers[DEAD_LETTER_HEADERS.attempts] = int32(move.attempts);
  if (move.consumerGroup !== null) headers[DEAD_LETTER_HEADERS.consumerGroup] = move.consumerGroup;
  if (failure === null) return headers;
  headers[DEAD_LETTER_HEADERS.errorName] = failure.name.slice(0, MAX_NAME_CHARS);
  headers[DEAD_LETTER_HEADERS.message] = failure.message.slice(0, MAX_MESSAGE_CHARS);
  headers[DEAD_LETTER_HEADERS.stack] = (failure.stack ?? "").slice(0, MAX_STACK_CHARS);
  // A record that fails again may fail for another reason, without a cause.
  delete headers[DEAD_LETTER_HEADERS.causeName];
  if (failure.cause instanceof Error) headers[DEAD_LETTER_HEADERS.causeName] = failure.cause.name;
  return headers;
}
