/** A candle's length: buckets are half-open [open, open + ms) in UTC. */
export interface Interval {
  /** As written: a count and one of s, m, h, d, w, such as `15m`. */
  readonly name: string;
  readonly ms: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** 1970-01-01 was a Thursday: the first Monday of the epoch, on which weeks start. */
const FIRST_MONDAY_MS = 4 * 86_400_000;

/** Reads `1m`, `4h`, `1w`. Throws a RangeError that says what is allowed. */
export function parseInterval(name: string): Interval {
  const match = /^([1-9]\d{0,4})([smhdw])$/.exec(name);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) {
    throw new RangeError(
      `"${name}" is not an interval: write a count and s, m, h, d or w, such as 1m, 4h, 1w`,
    );
  }
  return { name, ms: Number(match[1]) * unitMs };
}

/** The intervals of every pair: 1m 5m 15m 1h 4h 12h 1d. */
export const DEFAULT_INTERVALS: readonly Interval[] = ["1m", "5m", "15m", "1h", "4h", "12h", "1d"].map(
  parseInterval,
);

/** The opening time of the bucket that holds `timeMs`, both in milliseconds since the epoch (may be negative). */
export function bucketOpenMs(interval: Interval, timeMs: number): number {
  const origin = interval.ms % UNIT_MS_WEEK === 0 ? FIRST_MONDAY_MS : 0;
  return Math.floor((timeMs - origin) / interval.ms) * interval.ms + origin;
}

const UNIT_MS_WEEK = 604_800_000;
