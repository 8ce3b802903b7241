import type { Delivery } from "../record/message.ts";
import { type BatchRecord, recordSizeBound } from "../record/record-batch.ts";
import { bytesOf, headersOf, type MessageInput } from "./message-input.ts";

/** Told the outcome of a message, once. */
export type Outcome = (error: Error | null, delivery: Delivery | null) => void;

/** A message that was taken and has no outcome yet. */
export class PendingMessage implements BatchRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: BatchRecord["headers"];
  readonly timestampMs: number;
  /** The partition that the caller chose. */
  readonly partition: number | undefined;
  /** Bytes that it holds of the buffer. */
  readonly bytes: number;
  readonly outcome: Outcome;
  /** Its number in the order in which messages were taken. */
  sequence = 0;
  isSettled = false;
  /** When it was taken, monotonic milliseconds; only where somebody is told how long it took. */
  takenMs = 0;
  /** Neighbours among those without an outcome, oldest first. */
  before: PendingMessage | null = null;
  after: PendingMessage | null = null;
  readonly #messages: PendingMessages;

  constructor(messages: PendingMessages, message: MessageInput, timestampMs: number, outcome: Outcome) {
    this.topic = message.topic;
    this.key = bytesOf(message.key);
    this.value = bytesOf(message.value);
    this.headers = headersOf(message.headers);
    this.timestampMs = timestampMs;
    this.partition = message.partition;
    this.bytes = recordSizeBound(this);
    this.outcome = outcome;
    this.#messages = messages;
  }

  /** Tells the outcome; what comes after the first one has no effect. */
  settle(error: Error | null, partition: number, offset: bigint): void {
    if (!this.isSettled) this.#messages.settle(this, error, partition, offset);
  }
}

/** All messages without an outcome, in the order in which they were taken. */
export class PendingMessages {
  readonly #onSettled: (message: PendingMessage, error: Error | null, delivery: Delivery | null) => void;
  readonly #waiting = new Set<{ readonly sequence: number; resolve(): void }>();
  #oldest: PendingMessage | null = null;
  #newest: PendingMessage | null = null;
  #taken = 0;
  #count = 0;

  constructor(onSettled: (message: PendingMessage, error: Error | null, delivery: Delivery | null) => void) {
    this.#onSettled = onSettled;
  }

  get count(): number {
    return this.#count;
  }

  add(message: PendingMessage): void {
    message.sequence = this.#taken++;
    message.before = this.#newest;
    if (this.#newest === null) this.#oldest = message;
    else this.#newest.after = message;
    this.#newest = message;
    this.#count++;
  }

  settle(message: PendingMessage, error: Error | null, partition: number, offset: bigint): void {
    message.isSettled = true;
    const { before, after, topic } = message;
    if (before === null) this.#oldest = after;
    else before.after = after;
    if (after === null) this.#newest = before;
    else after.before = before;
    // Kept neighbours would keep every message that ever stood in this line.
    message.before = null;
    message.after = null;
    this.#count--;
    this.#onSettled(message, error, error === null ? { topic, partition, offset } : null);
    if (before === null) this.#release();
  }

  /** Resolves when all that were taken until now have their outcome; `stop` gives the waiting up. */
  untilSettled(): { done: Promise<void>; stop(): void } {
    if (this.#oldest === null) return { done: Promise.resolve(), stop() {} };
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { sequence: this.#taken, resolve };
    this.#waiting.add(waiter);
    return { done: promise, stop: () => void this.#waiting.delete(waiter) };
  }

  /** Gives all the same outcome. */
  fail(error: Error): void {
    for (let message = this.#oldest; message !== null; message = this.#oldest) message.settle(error, -1, -1n);
  }

  #release(): void {
    for (const waiter of this.#waiting) {
      if (this.#oldest !== null && this.#oldest.sequence < waiter.sequence) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}
