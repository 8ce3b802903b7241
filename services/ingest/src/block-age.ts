import type { Clock, Logger } from "@candlewick/runtime";
import type { IngestMetrics } from "./metrics.ts";

/** A block's time is an estimate of whole seconds; beyond this either clock is wrong, or the chain stands still. */
const MAX_AHEAD_SECONDS = 30;
const MAX_BEHIND_SECONDS = 120;
/** Only blocks so near to the head tell anything: others are old because we are behind. */
const NEAR_HEAD_SLOTS = 16;

/** Compares the time of blocks at the head with the machine's, and tells a person once where they differ too much. */
export class BlockAge {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: IngestMetrics;
  #isSkewed = false;

  constructor(clock: Clock, logger: Logger, metrics: IngestMetrics) {
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** A block was settled; `timeSeconds` is its own time. */
  settled(slot: number, timeSeconds: number | null, headSlot: number | null): void {
    if (timeSeconds === null || headSlot === null || headSlot - slot > NEAR_HEAD_SLOTS) return;
    const age = this.#clock.now() / 1000 - timeSeconds;
    this.#metrics.blockAge(age);
    const isSkewed = age < -MAX_AHEAD_SECONDS || age > MAX_BEHIND_SECONDS;
    if (isSkewed && !this.#isSkewed) {
      this.#logger.warn(
        "the newest block's time and this machine's clock differ: one of them is wrong, or the chain stood still",
        { slot, blockTime: timeSeconds, ageSeconds: Math.round(age) },
      );
    } else if (!isSkewed && this.#isSkewed) {
      this.#logger.info("the newest block's time and this machine's clock agree again", { slot });
    }
    this.#isSkewed = isSkewed;
  }
}
