import type { ConsumedRecord, Delivery } from "./message.ts";
import type { Producer } from "./producer.ts";

/**
 * Publishes a record that cannot be processed to its dead-letter topic: the original bytes, and why, in the
 * headers that Spring for Kafka uses.
 */
export declare function deadLetter(
  producer: Producer,
  record: ConsumedRecord,
  error: Error,
  attempts: number,
): Promise<Delivery>;
