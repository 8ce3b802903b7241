import type { TopicPartition } from "@candlewick/contracts";
import { type Compression, encodeBatchInto, FIELD } from "../record/record-batch.ts";
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
  readonly messages: PendingMessage[] = [];
  bytes = 0;
  /** Attempts that failed. */
  failures = 0;
  #encoded: { bytes: Buffer; firstSequence: number } | null = null;
  /** What it is encoded into; null before it is. */
  #memory: Buffer | null = null;

  constructor(queue: PartitionQueue) {
    this.queue = queue;
  }

  add(message: PendingMessage): void {
    this.messages.push(message);
    this.bytes += message.bytes;
  }

  /** The same bytes on every attempt, so that the broker recognises what it has written already. */
  encode(identity: Identity, compression: Compression, memory: BatchMemory): Buffer {
    if (this.#encoded === null) {
      const firstSequence = identity.nextSequence;
      const producer = { id: identity.id, epoch: identity.epoch, firstSequence };
      this.#memory ??= memory.take(FIELD.records + this.bytes);
      const bytes = encodeBatchInto(this.#memory, this.messages, producer, compression);
      this.#encoded = { bytes, firstSequence };
      // The sequence wraps at 2^31, as the broker's does.
      identity.nextSequence = (firstSequence + this.messages.length) % 0x8000_0000;
    }
    return this.#encoded.bytes;
  }

  /** Gives its memory back: it has its outcome, and no connection sends of it any more. */
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
  /** All but the last one hold as much as fits. */
  #waiting: Batch[] = [];

  constructor({ topic, partition }: TopicPartition, maxBatchBytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.#maxBatchBytes = maxBatchBytes;
  }

  get isEmpty(): boolean {
    return this.retry === null && this.#waiting.length === 0;
  }

  /** Whether the next batch would not grow by waiting. */
  get isFull(): boolean {
    return this.retry !== null || this.#waiting.length > 1;
  }

  push(message: PendingMessage): void {
    let batch = this.#waiting.at(-1);
    if (batch === undefined || batch.bytes + message.bytes > this.#maxBatchBytes) {
      batch = new Batch(this);
      this.#waiting.push(batch);
    }
    batch.add(message);
  }

  /** The next batch: the one to be repeated, else as many waiting messages as fit, at least one. */
  take(): Batch | null {
    const { retry } = this;
    if (retry === null) return this.#waiting.shift() ?? null;
    this.retry = null;
    return retry;
  }

  /** Puts a batch that the broker found too large back, to go out in smaller ones. */
  split(batch: Batch): void {
    batch.forgetEncoding();
    this.#maxBatchBytes = Math.floor(batch.bytes / 2);
    const messages = [batch, ...this.#waiting].flatMap((one) => one.messages);
    this.#waiting = [];
    for (const message of messages) this.push(message);
  }

  /** After a batch whose fate is unknown the sequence cannot go on under the same name. */
  loseIdentity(): void {
    this.identity = null;
    this.renamed = true;
  }
}
