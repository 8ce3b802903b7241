import type { Clock, Logger } from "@candlewick/runtime";
import type { Delivery } from "../delivery/delivery.ts";
import type { Stall } from "./consumer-options.ts";

const OLDEST_TOLD = 5;

/** Notices when work waits and nothing is finished. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #reportMs: number;
  readonly #onStall: (stall: Stall) => void;
  #progress = 0;
  #sinceMs: number;
  #toldMs: number | null = null;

  constructor(clock: Clock, logger: Logger, reportMs: number, onStall: (stall: Stall) => void) {
    this.#clock = clock;
    this.#logger = logger;
    this.#reportMs = reportMs;
    this.#onStall = onStall;
    this.#sinceMs = clock.monotonic();
  }

  /** For how long work has waited without anything being finished, in milliseconds. */
  get stalledMs(): number {
    return this.#clock.monotonic() - this.#sinceMs;
  }

  /** Looks at what was finished in all, and at what waits. */
  look(finished: number, waits: boolean, delivery: Delivery | null): void {
    const nowMs = this.#clock.monotonic();
    if (finished !== this.#progress || !waits) {
      this.#progress = finished;
      this.#sinceMs = nowMs;
      this.#toldMs = null;
      return;
    }
    const forMs = nowMs - this.#sinceMs;
    if (forMs < this.#reportMs || (this.#toldMs !== null && nowMs - this.#toldMs < this.#reportMs)) return;
    this.#toldMs = nowMs;
    const stall = { forMs, oldest: delivery === null ? [] : oldestOf(delivery) };
    this.#logger.warn("work waits and nothing was finished for a while", {
      forMs: Math.round(forMs),
      oldest: stall.oldest.map(({ topic, partition, offset }) => `${topic}:${partition} at offset ${offset}`),
    });
    this.#onStall(stall);
  }
}

function oldestOf(delivery: Delivery): Stall["oldest"] {
  const oldest: Stall["oldest"][number][] = [];
  for (const { topic, partition, tracker } of delivery.partitions()) {
    const record = tracker.oldest?.record;
    if (record === undefined || oldest.length >= OLDEST_TOLD) continue;
    oldest.push({ topic, partition, offset: record.offset, key: record.key });
  }
  return oldest;
}
