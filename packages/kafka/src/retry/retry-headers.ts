import type { ConsumedRecord } from "../record/message.ts";

/**
 * The headers of Spring for Kafka's retry topics (RetryTopicHeaders). Times are written as Java's
 * BigInteger.toByteArray: big-endian in as few bytes as hold the number with its sign.
 */
export const RETRY_HEADERS = {
  /** Four bytes, big-endian: how often the record was tried. */
  attempts: "retry_topic-attempts",
  /** When it is due, milliseconds since the epoch. */
  due: "retry_topic-backoff-timestamp",
  /** The time stamp of the record when it was first read, milliseconds since the epoch. */
  originalTimestamp: "retry_topic-original-timestamp",
} as const;

/** The headers of Spring for Kafka (KafkaHeaders), so that its tools read our dead letters and retry topics. */
export const DEAD_LETTER_HEADERS = {
  topic: "kafka_dlt-original-topic",
  /** Four bytes, big-endian. */
  partition: "kafka_dlt-original-partition",
  /** Eight bytes, big-endian. */
  offset: "kafka_dlt-original-offset",
  /** Eight bytes, big-endian, milliseconds since the epoch. */
  timestamp: "kafka_dlt-original-timestamp",
  timestampType: "kafka_dlt-original-timestamp-type",
  consumerGroup: "kafka_dlt-original-consumer-group",
  errorName: "kafka_dlt-exception-fqcn",
  causeName: "kafka_dlt-exception-cause-fqcn",
  message: "kafka_dlt-exception-message",
  stack: "kafka_dlt-exception-stacktrace",
  attempts: RETRY_HEADERS.attempts,
} as const;

/** The same of a record that Spring's `@RetryableTopic` has moved, which gives other names to most of them. */
export const RETRYABLE_TOPIC_HEADERS = {
  ...DEAD_LETTER_HEADERS,
  topic: "kafka_original-topic",
  partition: "kafka_original-partition",
  offset: "kafka_original-offset",
  timestamp: "kafka_original-timestamp",
  timestampType: "kafka_original-timestamp-type",
  errorName: "kafka_exception-fqcn",
  causeName: "kafka_exception-cause-fqcn",
  message: "kafka_exception-message",
  stack: "kafka_exception-stacktrace",
} as const;

/** The names that the headers of a record have; those that we write where it has both, which are the later ones. */
export function headerNames({
  headers,
}: Pick<ConsumedRecord, "headers">): Readonly<Record<keyof typeof DEAD_LETTER_HEADERS, string>> {
  const isOfRetryableTopic =
    !headers.has(DEAD_LETTER_HEADERS.topic) && headers.has(RETRYABLE_TOPIC_HEADERS.topic);
  return isOfRetryableTopic ? RETRYABLE_TOPIC_HEADERS : DEAD_LETTER_HEADERS;
}

/** Which dead letter a record is the replay of, "topic:partition:offset", and how often it was replayed in all. */
export const REDRIVE_HEADERS = { id: "candlewick-redrive-id", count: "candlewick-redrive-count" } as const;

/** Where a record was first read. */
export interface RecordOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
}

/** What the headers of a record in a retry topic tell. What is absent or garbage is null, or zero. */
export interface RetryInfo {
  readonly origin: RecordOrigin | null;
  readonly attempts: number;
  readonly dueMs: number | null;
  readonly consumerGroup: string | null;
}

export function readRetryInfo(record: Pick<ConsumedRecord, "headers">): RetryInfo {
  const { headers } = record;
  const names = headerNames(record);
  const topic = headers.get(names.topic)?.toString();
  const partition = readNumber(headers.get(names.partition));
  const offset = readBigint(headers.get(names.offset));
  const timestampMs = readNumber(headers.get(names.timestamp));
  const isWhole = topic !== undefined && topic !== "" && partition !== null && offset !== null;
  return {
    origin: isWhole ? { topic, partition, offset, timestampMs: timestampMs ?? 0 } : null,
    attempts: readNumber(headers.get(RETRY_HEADERS.attempts)) ?? 0,
    dueMs: readNumber(headers.get(RETRY_HEADERS.due)),
    consumerGroup: headers.get(DEAD_LETTER_HEADERS.consumerGroup)?.toString() ?? null,
  };
}

/**
 * How often a record in the retry topic of a level was tried before: never where its header is absent, as after a
 * replay; once for each level that it has passed where the header is garbage.
 */
export function attemptsBefore({ headers }: Pick<ConsumedRecord, "headers">, level: number): number {
  const bytes = headers.get(RETRY_HEADERS.attempts);
  return bytes === undefined ? 0 : (readNumber(bytes) ?? level);
}

/** Whether another consumer group has put the record into the retry topic. */
export function isOfOtherGroup({ headers }: Pick<ConsumedRecord, "headers">, groupId: string): boolean {
  const group = headers.get(DEAD_LETTER_HEADERS.consumerGroup);
  return group !== undefined && group.toString() !== groupId;
}

/** A non-negative number of at most eight bytes, big-endian; null for anything else. */
export function readBigint(bytes: Buffer | undefined): bigint | null {
  if (bytes === undefined || bytes.length === 0 || bytes.length > 8) return null;
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
  return value < 0n ? null : value;
}

export function readNumber(bytes: Buffer | undefined): number | null {
  const value = readBigint(bytes);
  return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** Java's BigInteger.toByteArray of a number that is not negative. */
export function minimalBytes(value: number): Buffer {
  const hex = BigInt(Math.floor(value)).toString(16);
  const padded = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(padded, "hex");
  // The highest bit is the sign.
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}
