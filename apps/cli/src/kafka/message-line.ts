import type { Codec, OutgoingMessage } from "@candlewick/kafka";
import { z } from "@candlewick/runtime";

/** How a line becomes a message. */
export interface LineRules {
  readonly topic: string;
  /** Null: the value is the line's own bytes. */
  readonly codec: Codec | null;
  /** What ends the key; null: there is none in the line. */
  readonly separator: string | null;
  /** The key of all messages. */
  readonly key: string | null;
  /** The text that stands for no value; null: none does. */
  readonly nullText: string | null;
  /** Whether a line is a record as `tail` prints it. */
  readonly asRecords: boolean;
}

const MAX_LINE_BYTES = 64 << 20;

/** The lines of some bytes, without their ends; a line break at the very end begins no further line. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield withoutReturn(Buffer.concat([...rest, chunk.subarray(start, end)]));
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    restBytes += chunk.length - start;
    if (restBytes > MAX_LINE_BYTES) throw new RangeError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    rest.push(chunk.subarray(start));
  }
  if (restBytes > 0) yield withoutReturn(Buffer.concat(rest));
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** Rejects with a sentence about what is wrong with the line. */
export async function messageOfLine(line: Buffer, rules: LineRules): Promise<OutgoingMessage> {
  if (rules.asRecords) return messageOfRecord(line, rules);
  const { topic, separator } = rules;
  if (separator === null) {
    const key = rules.key === null ? null : Buffer.from(rules.key);
    return { topic, key, value: await valueBytes(line, rules) };
  }
  const at = line.indexOf(separator);
  if (at < 0) throw new Error(`it has no key: "${separator}" does not occur in it`);
  const value = line.subarray(at + Buffer.byteLength(separator));
  return { topic, key: line.subarray(0, at), value: await valueBytes(value, rules) };
}

function valueBytes(bytes: Buffer, { codec, nullText, topic }: LineRules): Buffer | null | Promise<Buffer> {
  if (nullText !== null && bytes.equals(Buffer.from(nullText))) return null;
  if (codec === null) return bytes;
  return codec.encode(parse(bytes.toString("utf8")), { topic, part: "value" });
}

const bytesSchema = z.union([z.string(), z.strictObject({ base64: z.base64() })]);
const recordSchema = z.object({
  key: bytesSchema.nullable().default(null),
  headers: z.record(z.string(), bytesSchema).default({}),
  timestamp_ms: z.int().min(0).optional(),
  value: z.unknown(),
});

async function messageOfRecord(line: Buffer, rules: LineRules): Promise<OutgoingMessage> {
  const text = line.toString("utf8");
  const result = recordSchema.safeParse(parse(text));
  if (!result.success) throw new Error(`it is no record: ${z.prettifyError(result.error).split("\n")[0]}`);
  const { key, headers, timestamp_ms: timestampMs, value } = result.data;
  const { topic, codec } = rules;
  return {
    topic,
    key: key === null ? null : bytesOf(key),
    headers: Object.fromEntries(Object.entries(headers).map(([name, given]) => [name, bytesOf(given)])),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    value:
      codec === null || value === null
        ? recordValue(value, text)
        : await codec.encode(value, { topic, part: "value" }),
  };
}

/** A value that is JSON goes on as it stood in the line, to the last digit. */
function recordValue(value: unknown, line: string): Buffer | null {
  if (value === null || value === undefined) return null;
  const bytes = bytesSchema.safeParse(value);
  if (bytes.success) return bytesOf(bytes.data);
  const written = /"value":(.*)\}\s*$/s.exec(line)?.[1];
  const isWhole = written !== undefined && JSON.stringify(tryParse(written)) === JSON.stringify(value);
  return Buffer.from(isWhole ? written : JSON.stringify(value));
}

function bytesOf(given: z.output<typeof bytesSchema>): Buffer {
  return typeof given === "string" ? Buffer.from(given) : Buffer.from(given.base64, "base64");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`it is no JSON (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
