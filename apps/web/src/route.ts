import { INTERVALS, type IntervalName } from "./wire.ts";

/** What the address of the page tells. */
export interface Route {
  readonly pair: string | null;
  readonly interval: IntervalName;
}

const DEFAULT_INTERVAL: IntervalName = "1m";

/** Reads `#/PAIR/15m`; what is missing or wrong takes its default. */
export function parseRoute(hash: string): Route {
  const [, pair = "", name = ""] = hash.split("/");
  const interval = INTERVALS.find((candidate) => candidate === name) ?? DEFAULT_INTERVAL;
  return { pair: /^[0-9A-Za-z]{32,44}$/.test(pair) ? pair : null, interval };
}

/** The hash of a pair and interval. */
export function routeHash(pair: string, interval: IntervalName): string {
  return `#/${pair}/${interval}`;
}
