import { CandlewickError, type Logger } from "@candlewick/runtime";
import { type Backoff, backoffMs, type Pace } from "../cluster/backoff.ts";

/** How an operation of the caller went: done, given up because `stop` fired, or the state must be read anew. */
export type Attempted<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "given-up" }
  | { readonly kind: "refresh"; readonly error: CandlewickError };

export interface AttemptSettings {
  readonly pace: Pace;
  readonly backoff: Backoff;
  readonly logger: Logger;
  /** No new attempt is begun after this has fired; the one under way may finish. */
  readonly stop: AbortSignal;
  /** The one under way has been told to give up: how it fails does not matter any more. */
  readonly abandoned: AbortSignal;
}

/**
 * Runs an operation of the caller until it succeeds. Errors with retry "backoff" are waited out in place, for
 * as long as it takes. Rejects with any error that neither waiting nor reading anew can mend.
 */
export async function attempt<Result>(
  what: string,
  operation: () => Promise<Result>,
  settings: AttemptSettings,
): Promise<Attempted<Result>> {
  const { stop, pace, logger } = settings;
  for (let failures = 0; ; failures++) {
    if (stop.aborted) return { kind: "given-up" };
    try {
      return { kind: "done", result: await operation() };
    } catch (error) {
      if (settings.abandoned.aborted) return { kind: "given-up" };
      if (!(error instanceof CandlewickError) || error.retry === "never") throw error;
      if (error.retry === "refresh") return { kind: "refresh", error };
      const pauseMs = backoffMs(settings.backoff, failures, pace.random);
      logger.warn(`${what} failed; trying again`, {
        code: error.code,
        reason: error.message,
        attempt: failures + 1,
        pauseMs: Math.round(pauseMs),
      });
      // A stop ends the pause; the next turn of the loop sees it.
      await pace.clock.delay(pauseMs, stop).catch(() => {});
    }
  }
}
