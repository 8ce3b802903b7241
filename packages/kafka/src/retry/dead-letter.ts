import { deadLetterTopic } from "@candlewick/contracts";
import type { Producer } from "../producer/producer.ts";
import type { ConsumedRecord, Delivery } from "../record/message.ts";

/** The headers of Spring for Kafka (KafkaHeaders, RetryTopicHeaders), so that its tools read our dead letters. */
export const DEAD_LETTER_HEADERS = {
  topic: "kafka_dlt-original-topic",
  /** Four bytes, big-endian. */
  partition: "kafka_dlt-original-partition",
  /** Eight bytes, big-endian. */
  offset: "kafka_dlt-original-offset",
  /** Eight bytes, big-endian, milliseconds since the epoch. */
  timestamp: "kafka_dlt-original-timestamp",
  timestampType: "kafka_dlt-original-timestamp-type",
  errorName: "kafka_dlt-exception-fqcn",
  causeName: "kafka_dlt-exception-cause-fqcn",
  message: "kafka_dlt-exception-message",
  stack: "kafka_dlt-exception-stacktrace",
  /** Four bytes, big-endian. */
  attempts: "retry_topic-attempts",
} as const;

const MAX_MESSAGE_CHARS = 2_000;
const MAX_STACK_CHARS = 8_000;

/**
 * Publishes a record that cannot be processed to its dead-letter topic: key, value and headers as they were,
 * and why, in the headers that Spring for Kafka uses. Resolves once acknowledged: only then may the record's
 * own offset be committed.
 */
export function deadLetter(
  producer: Producer,
  record: ConsumedRecord,
  error: Error,
  attempts: number,
): Promise<Delivery> {
  const { cause } = error;
  // A record that comes back from the dead may fail for another reason, without a cause.
  const kept = [...record.headers].filter(([name]) => name !== DEAD_LETTER_HEADERS.causeName);
  const headers: Record<string, string | Buffer> = {
    ...Object.fromEntries(kept),
    [DEAD_LETTER_HEADERS.topic]: record.topic,
    [DEAD_LETTER_HEADERS.partition]: int32(record.partition),
    [DEAD_LETTER_HEADERS.offset]: int64(record.offset),
    [DEAD_LETTER_HEADERS.timestamp]: int64(BigInt(record.timestampMs)),
    [DEAD_LETTER_HEADERS.timestampType]: record.timestampType ?? "CreateTime",
    [DEAD_LETTER_HEADERS.errorName]: error.name,
    [DEAD_LETTER_HEADERS.message]: error.message.slice(0, MAX_MESSAGE_CHARS),
    [DEAD_LETTER_HEADERS.stack]: (error.stack ?? "").slice(0, MAX_STACK_CHARS),
    [DEAD_LETTER_HEADERS.attempts]: int32(attempts),
  };
  if (cause instanceof Error) headers[DEAD_LETTER_HEADERS.causeName] = cause.name;
  return producer.send({
    topic: deadLetterTopic(record.topic),
    key: record.key,
    value: record.value,
    headers,
  });
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
