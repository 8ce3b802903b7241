/** The last time that a date can be. */
const MAX_MS = 8_640_000_000_000_000;

/** Reads milliseconds since the epoch or an ISO 8601 time; null where the text is neither. A time without zone is UTC. */
export function parseTimeMs(text: string): number | null {
  if (/^\d{1,16}$/.test(text)) {
    const ms = Number(text);
    return ms <= MAX_MS ? ms : null;
  }
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (match === null) return null;
  const ms = Date.parse(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? "Z"}`);
  return Number.isNaN(ms) ? null : ms;
}
