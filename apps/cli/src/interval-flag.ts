import { type Interval, parseInterval } from "@candlewick/domain";
import { InvalidArgumentError } from "commander";

/** Reads a flag that is an interval, such as 15m. */
export function parseIntervalFlag(text: string): Interval {
  try {
    return parseInterval(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${upperFirst(error.message)}.` : String(error));
  }
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
