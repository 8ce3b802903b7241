import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { OutgoingMessage } from "../record/message.ts";

/** Text is written as UTF-8. */
export type MessagePart = Uint8Array | string;

/** A message as callers write it. */
export interface MessageInput extends Omit<OutgoingMessage, "key" | "value" | "headers"> {
  /** Without one, or with null, the message goes to any partition. */
  readonly key?: MessagePart | null;
  /** Null deletes the key in a compacted topic; it has to be said. */
  readonly value: MessagePart | null;
  /** An object, or a map such as a consumed record has. */
  readonly headers?: Readonly<Record<string, MessagePart>> | ReadonlyMap<string, MessagePart>;
}

type Headers = readonly (readonly [Buffer, Buffer])[];

const NO_HEADERS: Headers = [];

/** The bytes of a part; those of a Buffer are not copied. */
export function bytesOf(part: MessagePart | null | undefined): Buffer | null {
  if (part === null || part === undefined || Buffer.isBuffer(part)) return part ?? null;
  if (typeof part === "string") return Buffer.from(part);
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}

/** The headers as bytes, in their order. */
export function headersOf(headers: MessageInput["headers"]): Headers {
  if (headers === undefined) return NO_HEADERS;
  const entries = headers instanceof Map ? [...headers] : Object.entries(headers);
  return entries.map(([name, value]) => [Buffer.from(name), bytesOf(value) ?? Buffer.alloc(0)]);
}

/**
 * What is wrong with the kinds of a message's parts; null where nothing is. Types do not hold back a caller in
 * JavaScript, and what is found only while a batch is written would take all messages of the batch with it.
 */
export function kindProblem(message: MessageInput): CandlewickError | null {
  const { topic, key, value, headers } = message;
  if (typeof topic !== "string" || topic === "") return wrongKind("topic", topic, "a name");
  if (key !== undefined && key !== null && !isPart(key)) return wrongKind("key", key, KINDS);
  if (value !== null && !isPart(value)) return wrongKind("value", value, KINDS);
  if (headers === undefined) return null;
  if (typeof headers !== "object" || headers === null) return wrongKind("headers", headers, "an object");
  const entries = headers instanceof Map ? [...headers] : Object.entries(headers);
  const wrong = entries.find(([, part]) => !isPart(part));
  return wrong === undefined ? null : wrongKind(`header ${wrong[0]}`, wrong[1], "text or bytes");
}

const KINDS = "text, bytes or null";

function isPart(part: unknown): part is MessagePart {
  return typeof part === "string" || part instanceof Uint8Array;
}

function wrongKind(what: string, found: unknown, wanted: string): CandlewickError {
  const kind = found === null ? "null" : found === "" ? "empty" : typeof found;
  return new CandlewickError(
    ERRORS.badInput,
    `The ${what} of a message is ${kind}; it must be ${wanted}.`,
    kind === "object" ? "Encode it first, with a codec or JSON.stringify." : "Correct the message.",
  );
}
