import type { Clock } from "@candlewick/runtime";
import { isRetriable } from "./errors.ts";

/** Pauses that grow: full jitter over an exponential ceiling. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The pause before attempt number `attempt` + 1, counted from 0, in milliseconds. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  return random() * Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 40));
}

/** Time and chance of a client. */
export interface Pace {
  readonly clock: Clock;
  readonly random: () => number;
}

const BROKER_BACKOFF: Backoff = { firstMs: 100, maxMs: 1_000 };
const BROKER_ATTEMPTS = 8;

export interface Persistence {
  /** Eight by default, which takes about three seconds. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** Which errors may pass by themselves; `isRetriable` by default. */
  passes?(error: unknown, failures: number): boolean;
}

/**
 * Runs a request to the brokers until it succeeds: what may pass by itself (an election, a restart) is tried
 * again. Throws the last error, or the signal's reason.
 */
export async function persistently<Result>(
  pace: Pace,
  { attempts = BROKER_ATTEMPTS, signal, passes = isRetriable }: Persistence,
  request: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (attempt + 1 >= attempts || !passes(error, attempt)) throw error;
    }
    await pace.clock.delay(backoffMs(BROKER_BACKOFF, attempt, pace.random), signal);
  }
}
