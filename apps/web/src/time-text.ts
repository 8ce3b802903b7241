import { UNKNOWN } from "./number-text.ts";

/** `12:03:59` in UTC. */
export function clockText(seconds: number | null): string {
  return seconds === null ? UNKNOWN : iso(seconds).slice(11, 19);
}

/** `2025-04-10 12:03:59 UTC`. */
export function dateText(seconds: number | null): string {
  return seconds === null ? UNKNOWN : `${iso(seconds).slice(0, 19).replace("T", " ")} UTC`;
}

/** How long ago, in the largest unit that fits: `3 s`, `4 min`, `5 h`, `6 d`. */
export function ageText(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
