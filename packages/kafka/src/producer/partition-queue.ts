import type { TopicPartition } from "@candlewick/contracts";
import { batchSizeBound, type Compression, encodeBatchInto } from "../record/record-batch.ts";
import type { BatchMemory } from "./batch-memory.ts";
import type { PendingMessage } from "./pending-message.ts";

/** An idempotent producer's name for one partition, and the next number in its sequence (KIP-98). */
export interface Identity {
  readonly id: bigint;
  readonly epoch: number;
  nextSequence: number;
}

/** Messages that go out together, to be written once however often they are sent. */
export class Batch {
  readonly queue: PartitionQueue;
  readonly messages: readonly PendingMessage[];
  readonly bytes: number;
  /** Attempts that failed. */
  failures = 0;
  #encoded: { bytes: Buffer; firstSequence: number } | null = null;
  /** What it is encoded into; null before it is. */
  #memory: Buffer | null = null;

  constructor(queue: PartitionQueue, messages: readonly PendingMessage[]) {
    this.queue = queue;
    this.messages = messages;
    this.bytes = messages.reduce((sum, message) => sum + message.bytes, 0);
  }

  /** The same bytes on every attempt, so that the broker recognises what it has written already. */
  encode(identity: Identity, compression: Compression, memory: BatchMemory): Buffer {
    if (this.#encoded === null) {
      const firstSequence = identity.nextSequence;
      const producer = { id: identity.id, epoch: identity.epoch, firstSequence };
      this.#memory ??= memory.take(batchSizeBound(this.messages));
      const bytes = encodeBatchInto(this.#memory, this.messages, producer, compression);
      this.#encoded = { bytes, firstSequence };
      // The sequence wraps at 2^31, as the broker's does.
      identity.nextSequence = (firstSequence + this.messages.length) % 0x8000_0000;
    }
    return this.#encoded.bytes;
  }

  /** Gives its memory back: it has its outcome, and what was sent of it the connection has copied. */
  release(memory: BatchMemory): void {
    if (this.#memory !== null) memory.give(this.#memory);
    this.#memory = null;
    this.#encoded = null;
  }

  /** Takes the numbers back; only where the broker certainly has not written the batch. */
  forgetEncoding(): void {
    const { identity } = this.queue;
    if (this.#encoded !== null && identity !== null) identity.nextSequence = this.#encoded.firstSequence;
    this.#encoded = null;
  }
}

/** What waits for one partition. At most one batch of it is under way, which keeps the order over retries. */
export class PartitionQueue implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Null until the first batch, and after a batch whose fate is unknown: the next one needs a new name. */
  identity: Identity | null = null;
  /** Whether its first identity was lost. */
  renamed = false;
  /** A batch is under way, or pauses before it is sent again. */
  busy = false;
  /** The batch to be sent before all that waits. */
  retry: Batch | null = null;
  #maxBatchBytes: number;
  #waiting: PendingMessage[] = [];

  constructor({ topic, partition }: TopicPartition, maxBatchBytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.#maxBatchBytes = maxBatchBytes;
  }

  get isEmpty(): boolean {
    return this.retry === null && this.#waiting.length === 0;
  }

  push(message: PendingMessage): void {
    this.#waiting.push(message);
  }

  /** The next batch: the one to be repeated, else as many waiting messages as fit, at least one. */
  take(): Batch | null {
    const { retry } = this;
    if (retry !== null) {
      this.retry = null;
      return retry;
    }
    let bytes = 0;
    let count = 0;
    for (const message of this.#waiting) {
      bytes += message.bytes;
      if (count > 0 && bytes > this.#maxBatchBytes) break;
      count++;
    }
    return count === 0 ? null : new Batch(this, this.#waiting.splice(0, count));
  }

  /** Puts a batch that the broker found too large back, to go out in smaller ones. */
  split(batch: Batch): void {
    batch.forgetEncoding();
    this.#maxBatchBytes = Math.floor(batch.bytes / 2);
    this.#waiting = [...batch.messages, ...this.#waiting];
  }

  /** After a batch whose fate is unknown the sequence cannot go on under the same name. */
  loseIdentity(): void {
    this.identity = null;
    this.renamed = true;
  }
}
