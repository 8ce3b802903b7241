import type { Clock } from "@candlewick/runtime";

/** How many times as fast as recorded a pace is; null for as fast as can be. `recorded` is 1. */
export function speedOf(pace: string): number | null {
  if (pace === "max") return null;
  const speed = pace === "recorded" ? 1 : Number.parseFloat(pace);
  return speed > 0 ? speed : null;
}

const BLOCK_TIME = /"blockTime"\s*:\s*(\d{1,11})/;
const LOOKED_AT_BYTES = 4_096;

/** Holds recorded blocks back until as much time has passed as between their own times. */
export class BlockPace {
  readonly #speed: number;
  readonly #clock: Clock;
  #first: { readonly seconds: number; readonly atMs: number } | null = null;

  constructor(speed: number, clock: Clock) {
    this.#speed = speed;
    this.#clock = clock;
  }

  /** Waits until it is a block's turn; one that tells no time is not held back. */
  async wait(block: Uint8Array, signal: AbortSignal): Promise<void> {
    const seconds = timeIn(block);
    if (seconds === null) return;
    this.#first ??= { seconds, atMs: this.#clock.monotonic() };
    const dueMs = this.#first.atMs + ((seconds - this.#first.seconds) * 1000) / this.#speed;
    const waitMs = dueMs - this.#clock.monotonic();
    if (waitMs > 0) await this.#clock.delay(waitMs, signal);
  }
}

/** The facts of a block stand before its transactions or after them. */
function timeIn(block: Uint8Array): number | null {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const found =
    BLOCK_TIME.exec(bytes.toString("latin1", 0, LOOKED_AT_BYTES)) ??
    BLOCK_TIME.exec(bytes.toString("latin1", Math.max(0, bytes.length - LOOKED_AT_BYTES)));
  return found === null ? null : Number(found[1]);
}
