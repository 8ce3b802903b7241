import type { ConsumedRecord } from "@candlewick/kafka";

/** One record as a JSON object on one line. A value that is JSON stands as it is, to the last digit; bytes that are no text are base64. */
export function recordLine(record: ConsumedRecord): string {
  const { topic, partition, offset, timestampMs, headers } = record;
  const pairs = [...headers].map(([name, value]) => `${JSON.stringify(name)}:${bytesText(value)}`);
  const fields = [
    `"topic":${JSON.stringify(topic)}`,
    `"partition":${partition}`,
    `"offset":${offset}`,
    `"timestamp_ms":${timestampMs}`,
    `"key":${bytesText(record.key)}`,
    `"headers":{${pairs.join(",")}}`,
    `"value":${valueText(record.value)}`,
  ];
  return `{${fields.join(",")}}`;
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

function bytesText(bytes: Buffer | null): string {
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
