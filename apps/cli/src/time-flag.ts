import { InvalidArgumentError } from "commander";

const MAX_TIME_MS = 8_640_000_000_000_000;

/** Reads a flag that is a time: ISO 8601 (UTC without a zone), a date, or milliseconds since 1970. Returns milliseconds. */
export function parseTime(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : parseIso(text);
  if (ms <= MAX_TIME_MS) return ms;
  throw new InvalidArgumentError(
    "Write a time such as 2026-01-31, 2026-01-31T12:30:00Z or milliseconds since 1970.",
  );
}

/** NaN where the text is no ISO time. */
function parseIso(text: string): number {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  return match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? "Z"}`);
}
