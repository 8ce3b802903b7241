import type { Producer } from "../producer/producer.ts";
import type { ConsumedRecord, Delivery } from "../record/message.ts";
import { deadLetterMessage } from "./retry-topic.ts";

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
  consumerGroup: string | null = null,
): Promise<Delivery> {
  return producer.send(deadLetterMessage({ record, attempts, consumerGroup, failure: error, dueMs: null }));
}
