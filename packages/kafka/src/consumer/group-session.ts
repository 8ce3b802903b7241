import type { Clock } from "@candlewick/runtime";

/** Why a member has its partitions no longer, or soon. */
export type SessionEnd = "rebalance" | "lost" | "fenced" | "stopped" | "failed";

/**
 * One assignment, from the moment it is known until its partitions are given up. It ends once, for one
 * reason; the batch in hand may still be finished within a deadline.
 */
export class GroupSession {
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #closing = new AbortController();
  #reason: SessionEnd | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get reason(): SessionEnd | null {
    return this.#reason;
  }

  /** Fires when the session ends: take no new batch, begin no new attempt. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Fires when the batch in hand is not worth finishing; handlers get it. */
  get givenUp(): AbortSignal {
    return this.#giveUp.signal;
  }

  /** Fires when nothing is in hand any more; until then the membership is kept alive. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends the session. The batch in hand has `graceMs` to finish; only the first reason counts. */
  end(reason: SessionEnd, graceMs: number): void {
    if (this.#reason !== null) {
      // The partitions went while the batch was being finished.
      if (reason === "lost") this.#giveUp.abort(new Error("the partitions were taken away"));
      else if (reason === "stopped") this.#abortAfter(graceMs);
      return;
    }
    this.#reason = reason;
    this.#ending.abort(new Error(`the session ended: ${reason}`));
    this.#abortAfter(graceMs);
  }

  #abortAfter(graceMs: number): void {
    const abort = (): void => this.#giveUp.abort(new Error("the batch in hand was given up"));
    if (graceMs <= 0) abort();
    else this.#clock.delay(graceMs, this.#giveUp.signal).then(abort, () => {});
  }

  /** Nothing is in hand any more: stops the clock that runs for it. */
  close(): void {
    this.#closing.abort();
    this.#ending.abort();
    this.#giveUp.abort();
  }
}
