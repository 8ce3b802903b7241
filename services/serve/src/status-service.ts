import type { Clock, Logger } from "@candlewick/runtime";
import type { MarketReads, StoredProgress } from "./ports.ts";
import type { ServeMetrics } from "./serve-metrics.ts";
import type { ServeStatus, StatusBoard } from "./status-board.ts";

export interface StatusParts {
  readonly version: string;
  readonly board: StatusBoard;
  readonly reads: MarketReads;
  readonly clock: Clock;
  readonly metrics: ServeMetrics;
  readonly logger: Logger;
  clients(): number;
  ends(): ReadonlyMap<string, bigint>;
}

const MAX_AGE_MS = 900;

/** Tells the status; the store is asked at most about once a second, however many want to know. */
export class StatusService {
  readonly #parts: StatusParts;
  #progress: StoredProgress | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** Whether the store answered when it was last asked. */
  get storeAnswers(): boolean {
    return this.#progress !== null;
  }

  /** The status now. Where the store does not answer, what only it knows is null. */
  async status(): Promise<ServeStatus> {
    const { clock, board, version } = this.#parts;
    if (clock.monotonic() - this.#askedAtMs >= MAX_AGE_MS) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null;
      });
      await this.#asking;
    }
    return board.status({
      version,
      nowMs: clock.now(),
      clients: this.#parts.clients(),
      progress: this.#progress,
      ends: this.#parts.ends(),
    });
  }

  async #ask(): Promise<void> {
    const { reads, clock, metrics, logger } = this.#parts;
    try {
      this.#progress = await reads.progress();
    } catch (error) {
      if (this.#progress !== null) logger.warn("the store does not answer", { reason: String(error) });
      this.#progress = null;
      metrics.statusFailed.inc();
    }
    this.#askedAtMs = clock.monotonic();
  }
}
