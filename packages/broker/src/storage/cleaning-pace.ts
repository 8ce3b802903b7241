import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, Timer } from "../clock.ts";

/** Compaction ends here because the broker does. */
export class CleaningStopped extends Error {}

/** Node's timers go no further. */
const LONGEST_PAUSE_MS = 2 ** 31 - 1;

interface Pause {
  readonly timer: Timer;
  readonly end: () => void;
}

/** Lets others have their turn while logs are compacted, and keeps to a bound on the bytes read and written. */
export class CleaningPace {
  readonly #clock: Clock;
  readonly #bytesPerSecond: () => number;
  readonly #pauses = new Set<Pause>();
  #bytes = 0;
  /** When what was read and written so far is paid for. */
  #paidAtMs = 0;
  #stopped = false;

  constructor(clock: Clock, bytesPerSecond: () => number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Counts bytes that were read or written. */
  note(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Resolves when compaction may go on; rejects with CleaningStopped when it is to end. */
  async rest(): Promise<void> {
    await nextTurn();
    const nowMs = this.#clock.nowMs();
    const rate = Math.max(this.#bytesPerSecond(), 0);
    const costMs = this.#bytes === 0 ? 0 : (this.#bytes / rate) * 1000;
    this.#bytes = 0;
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + costMs;
    const pauseMs = Math.min(Math.floor(this.#paidAtMs - nowMs), LONGEST_PAUSE_MS);
    if (pauseMs > 0 && !this.#stopped) await this.#pause(pauseMs);
    if (this.#stopped) throw new CleaningStopped("the broker stops");
  }

  #pause(pauseMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const pause: Pause = {
      timer: this.#clock.setTimer(pauseMs, () => pause.end()),
      end: () => {
        pause.timer.cancel();
        this.#pauses.delete(pause);
        resolve();
      },
    };
    this.#pauses.add(pause);
    return promise;
  }

  /** The bound is another one: nobody waits for the old one, and what was done under it is forgotten. */
  wake(): void {
    this.#paidAtMs = 0;
    for (const pause of [...this.#pauses]) pause.end();
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
  }
}
