import { CandlewickError, type Clock, type Logger } from "@candlewick/runtime";

/** How long to wait between attempts: doubling from `firstMs` to `maxMs`, each shortened by up to half at random. */
export interface BackoffRule {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffRule = { firstMs: 250, maxMs: 30_000 };

/** The wait before attempt `attempt` (the second attempt is 2) with `random` from 0 to 1. */
export function backoffMs(rule: BackoffRule, attempt: number, random: number): number {
  const full = Math.min(rule.maxMs, rule.firstMs * 2 ** Math.min(30, Math.max(0, attempt - 2)));
  return full * (1 - random / 2);
}

/** Whether another side answers: tells a person once when it stops to, and once when it does again. */
export class PeerHealth {
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #failingSinceMs: number | null = null;

  constructor(peer: string, clock: Clock, logger: Logger) {
    this.#peer = peer;
    this.#clock = clock;
    this.#logger = logger;
  }

  failed(error: Error): void {
    if (this.#failingSinceMs !== null) return;
    this.#failingSinceMs = this.#clock.monotonic();
    const reason = error.message.replace(/\.$/, "");
    this.#logger.warn(`${this.#peer} fails: ${reason}; trying again until it works`, { peer: this.#peer });
  }

  worked(): void {
    if (this.#failingSinceMs === null) return;
    const seconds = (this.#clock.monotonic() - this.#failingSinceMs) / 1000;
    this.#failingSinceMs = null;
    this.#logger.info(`${this.#peer} works again after ${seconds.toFixed(1)} s`, { peer: this.#peer });
  }
}

/** What trying again needs. */
export interface Persistence {
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: PeerHealth;
  readonly onRetry: () => void;
  readonly rule?: BackoffRule;
}

/**
 * Does `action` until it succeeds, as long as its error says that trying again helps; any other error and
 * the signal's abortion end it.
 */
export async function persist<Result>(
  { clock, random, health, onRetry, rule = DEFAULT_BACKOFF }: Persistence,
  signal: AbortSignal,
  action: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      const result = await action();
      health.worked();
      return result;
    } catch (error) {
      if (!(error instanceof CandlewickError) || error.retry !== "backoff") throw error;
      health.failed(error);
      onRetry();
    }
    await clock.delay(backoffMs(rule, attempt + 1, random()), signal);
  }
}
