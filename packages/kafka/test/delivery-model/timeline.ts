import { TimerQueue } from "../../src/delivery/timer-queue.ts";

/** Virtual time: what is planned happens in the order of its time, and at one time in the order of planning. */
export class Timeline {
  nowMs = 1_000_000;
  readonly #queue = new TimerQueue<() => void>();
  #planned = 0;

  in(delayMs: number, action: () => void): void {
    // A fraction keeps the order of planning at one time.
    this.#queue.add(this.nowMs + delayMs + (this.#planned++ % 1e6) * 1e-9, action);
  }

  /** Lets the next thing happen; false where nothing is planned. */
  step(): boolean {
    const nextMs = this.#queue.nextMs;
    if (nextMs === null) return false;
    this.nowMs = Math.max(this.nowMs, nextMs);
    this.#queue.takeDue(this.nowMs)?.();
    return true;
  }
}
