import { MAX_MESSAGE_BYTES } from "@candlewick/contracts";
import { CandlewickError, ERRORS, type Registry } from "@candlewick/runtime";
import type { Delivery } from "../record/message.ts";
import type { Compression } from "../record/record-batch.ts";
import type { PendingMessage } from "./pending-message.ts";

/** What became of one message. */
export interface DeliveryReport {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly bytes: number;
  /** From the moment when the message was taken. */
  readonly tookMs: number;
  readonly error: Error | null;
  /** Null where there is an error. */
  readonly delivery: Delivery | null;
}

/** Settings of a producer; the defaults are safe. */
export interface ProducerOptions {
  /** Attempts after the first one; 3 by default. */
  readonly retries?: number;
  /** Pause before each of them; 100 ms by default. */
  readonly retryBackoffMs?: number;
  /** How long the first message of a request waits for company; 0 by default, which is the current turn of the loop. */
  readonly lingerMs?: number;
  /** Bytes of a batch of more than one message; 1,000,000 by default (brokers refuse more than 1 MiB), at most 10 MiB. */
  readonly maxBatchBytes?: number;
  /** The largest value, and the largest key and headers together; 10 MiB by default, and at most. */
  readonly maxMessageBytes?: number;
  /** Memory of all messages that have no outcome yet; 32 MiB by default. */
  readonly maxBufferBytes?: number;
  /** What `send` and `enqueue` do when the buffer is full; "wait" by default. */
  readonly whenFull?: "wait" | "fail";
  readonly compression?: Compression;
  /** Told the outcome of every message, whoever sent it and however. */
  readonly onDelivery?: (report: DeliveryReport) => void;
  /** Where the producer's metrics go; nowhere by default. */
  readonly metrics?: Registry;
}

/** The options with their defaults. */
export interface ProducerSettings {
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly lingerMs: number;
  readonly maxBatchBytes: number;
  readonly maxMessageBytes: number;
  readonly maxBufferBytes: number;
  readonly whenFull: "wait" | "fail";
  readonly compression: Compression;
}

const COMPRESSIONS: readonly Compression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** What key, headers and frame may add to a value of the greatest size. */
const OVERHEAD_BYTES = 128 << 10;

/** Fills the defaults in. Throws a usage error for a number out of its range. */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const maxMessageBytes = within(
    "maxMessageBytes",
    options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    1,
    MAX_MESSAGE_BYTES,
  );
  const bufferBytes = within(
    "maxBufferBytes",
    options.maxBufferBytes ?? 32 << 20,
    1,
    Number.MAX_SAFE_INTEGER,
  );
  return {
    retries: within("retries", options.retries ?? 3, 0, Number.MAX_SAFE_INTEGER),
    retryBackoffMs: within("retryBackoffMs", options.retryBackoffMs ?? 100, 0, 3_600_000),
    lingerMs: within("lingerMs", options.lingerMs ?? 0, 0, 60_000),
    maxBatchBytes: within("maxBatchBytes", options.maxBatchBytes ?? 1_000_000, 1, MAX_MESSAGE_BYTES),
    maxMessageBytes,
    // A message that is allowed must fit, or it would wait for ever.
    maxBufferBytes: Math.max(bufferBytes, 2 * maxMessageBytes + 64),
    whenFull: oneOf("whenFull", options.whenFull ?? "wait", ["wait", "fail"]),
    compression: oneOf("compression", options.compression ?? "none", COMPRESSIONS),
  };
}

function within(name: string, value: number, least: number, greatest: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= greatest) return value;
  throw new CandlewickError(
    ERRORS.usage,
    `The producer's ${name} is ${value}; it must be a whole number from ${least} to ${greatest}.`,
    "Correct the option.",
  );
}

function oneOf<Choice extends string>(name: string, value: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(value)) return value;
  throw new CandlewickError(
    ERRORS.usage,
    `The producer's ${name} is ${value}; it must be one of ${choices.join(", ")}.`,
    "Correct the option.",
  );
}

/** Why a message cannot be sent, whatever the broker says; null where it can. */
export function problemOf(
  { topic, key, value, partition, timestampMs }: PendingMessage,
  extraBytes: number,
  maxMessageBytes: number,
): CandlewickError | null {
  const tooLarge = (bytes: number, what: string): CandlewickError =>
    badMessage(
      `${what} of ${bytes} bytes for ${topic} exceeds the limit of ${maxMessageBytes} bytes.`,
      "Split it into parts.",
    );
  if (value !== null && value.length > maxMessageBytes) return tooLarge(value.length, "A message");
  const besides = (key?.length ?? 0) + extraBytes;
  if (besides > Math.min(maxMessageBytes, OVERHEAD_BYTES)) return tooLarge(besides, "A key with headers");
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    return badMessage(`${topic} has no partition ${partition}.`, "Use a whole number from 0 on.");
  }
  if (!(Number.isSafeInteger(timestampMs) && timestampMs >= 0)) {
    return badMessage(`${timestampMs} is not a time.`, "Use whole milliseconds since the epoch.");
  }
  return null;
}

function badMessage(what: string, advice: string): CandlewickError {
  return new CandlewickError(ERRORS.badInput, what, advice);
}
