import type { Clock } from "@candlewick/runtime";
import { note } from "../output.ts";

/** Tells a person at the terminal what is being started and how long it took. */
export class Progress {
  readonly #clock: Clock;
  readonly #tty: boolean;
  readonly #began: number;

  constructor(clock: Clock, tty: boolean) {
    this.#clock = clock;
    this.#tty = tty;
    this.#began = clock.monotonic();
  }

  /** Runs one step and prints its name, then how long it took. What it throws is the caller's to report. */
  async step<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const began = this.#clock.monotonic();
    if (this.#tty) process.stderr.write(`  … ${name}`);
    try {
      const result = await run();
      const line = `  ✓ ${name.padEnd(24)} ${seconds(this.#clock.monotonic() - began)}`;
      if (this.#tty) process.stderr.write(`\r\x1b[K${line}\n`);
      else note(line);
      return result;
    } catch (error) {
      if (this.#tty) process.stderr.write(`\r\x1b[K  ✗ ${name}\n`);
      throw error;
    }
  }

  /** Since the progress began. */
  total(): string {
    return seconds(this.#clock.monotonic() - this.#began);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 0)} s`;
}
