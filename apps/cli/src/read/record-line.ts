import type { ConsumedRecord } from "@candlewick/kafka";

/** One record as a JSON object on one line. A value that is JSON stands as it is, to the last digit; bytes that are no text are base64. */
export function recordLine(record: ConsumedRecord): string {
  return recordLineWith(record, valueText(record.value));
}

/** The same with a value that is JSON text already. */
export function recordLineWith(record: ConsumedRecord, value: string): string {
  const { topic, partition, offset, timestampMs, headers } = record;
  const pairs = [...headers].map(([name, value]) => `${JSON.stringify(name)}:${bytesText(value)}`);
  const fields = [
    `"topic":${JSON.stringify(topic)}`,
    `"partition":${partition}`,
    `"offset":${offset}`,
    `"timestamp_ms":${timestampMs}`,
    `"key":${bytesText(record.key)}`,
    `"headers":{${pairs.join(",")}}`,
    `"value":${value}`,
  ];
  return `{${fields.join(",")}}`;
}

/** One record for a person: where and when, then key, headers and value. */
export function recordText(record: ConsumedRecord, value: string): string {
  const { partition, offset, timestampMs, key, headers } = record;
  const time = new Date(timestampMs).toISOString();
  const pairs = [...headers].map(([name, text]) => `${name}=${readable(text)}`).join(" ");
  return `${partition}@${offset}  ${time}  ${key === null ? "-" : readable(key)}  ${pairs === "" ? "" : `[${pairs}]  `}${value}`;
}

function readable(bytes: Buffer): string {
  const text = textOf(bytes);
  // Spring writes numbers as bytes: control characters would move the cursor about.
  return text === null || /\p{Cc}/u.test(text) ? `0x${bytes.toString("hex")}` : text;
}

/** A decoded value as JSON: numbers beyond 2^53 to the last digit, bytes as base64. */
export function jsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify({ base64: Buffer.from(value).toString("base64") });
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${jsonText(item)}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

function valueText(value: Buffer | null): string {
  const text = value === null ? null : textOf(value);
  if (text === null) return bytesText(value);
  try {
    const parsed: unknown = JSON.parse(text);
    return /[\r\n]/.test(text) ? JSON.stringify(parsed) : text;
  } catch {
    return JSON.stringify(text);
  }
}

/** Bytes as JSON: their text, or base64 where they are none. */
export function bytesText(bytes: Buffer | null): string {
  if (bytes === null) return "null";
  return JSON.stringify(textOf(bytes) ?? { base64: bytes.toString("base64") });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes as text, or null where they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
