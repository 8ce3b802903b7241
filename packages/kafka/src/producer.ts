import type { KafkaConnection } from "./connection.ts";
import type { Delivery, OutgoingMessage } from "./message.ts";

/** Publishes messages: acknowledged by all in-sync replicas, idempotent, in order per partition. */
export interface Producer {
  /** Resolves once the message is acknowledged. Concurrent sends are accumulated into batches. */
  send(message: OutgoingMessage): Promise<Delivery>;
  /**
   * Resolves when the message is taken into the bounded buffer; when that is full it waits or fails, as
   * configured. `onResult` is called once with the outcome.
   */
  enqueue(
    message: OutgoingMessage,
    onResult?: (error: Error | null, delivery: Delivery | null) => void,
  ): Promise<void>;
  /** Resolves when all that was taken before has its outcome; rejects when `timeoutMs` passes first. */
  flush(timeoutMs?: number): Promise<void>;
  /** Takes no more, flushes, and lets go of the connections. What the deadline cuts off is rejected. */
  close(timeoutMs?: number): Promise<void>;
}

/** Settings of a producer; the defaults are safe. */
export interface ProducerOptions {
  /** Attempts after the first one; 3 by default. */
  readonly retries?: number;
  /** Pause before each of them; 100 ms by default. */
  readonly retryBackoffMs?: number;
  /** How long a batch may wait for company when nothing is in flight; 0 by default. */
  readonly lingerMs?: number;
  /** Bytes of a batch of more than one message; 1,000,000 by default (brokers refuse more than 1 MiB). */
  readonly maxBatchBytes?: number;
  /** The largest message; 10 MiB by default. */
  readonly maxMessageBytes?: number;
  /** Memory of all messages that have no outcome yet; 32 MiB by default. */
  readonly maxBufferBytes?: number;
  /** What `send` and `enqueue` do when the buffer is full; "wait" by default. */
  readonly whenFull?: "wait" | "fail";
  readonly compression?: Compression;
}

export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

export declare function createProducer(
  connection: KafkaConnection,
  options?: ProducerOptions,
): Promise<Producer>;
