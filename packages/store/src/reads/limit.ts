import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** A number of rows as a caller may ask for: from 1, cut at `max`. Throws USAGE for what is none. */
export function bounded(limit: number, max: number): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return Math.min(limit, max);
  throw new CandlewickError(
    ERRORS.usage,
    `${limit} is not a number of rows`,
    `ask for a whole number from 1 to ${max}`,
  );
}
