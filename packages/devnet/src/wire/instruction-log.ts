import type { Address } from "../chain/address.ts";
import { COMPUTE_BUDGET_PROGRAM, SYSTEM_PROGRAM, VOTE_PROGRAM } from "../chain/programs.ts";

/** A node cuts the log messages of a transaction at this many bytes. */
const MAX_LOG_BYTES = 10_000;
/** Programs that run inside the node and report no compute units. */
const BUILT_IN: ReadonlySet<Address> = new Set([SYSTEM_PROGRAM, COMPUTE_BUDGET_PROGRAM, VOTE_PROGRAM]);

/** The log messages of one transaction, as the runtime writes them. */
export class InstructionLog {
  readonly lines: string[] = [];
  #bytes = 0;
  #truncated = false;
  #unitsLeft: number;
  #unitsUsed = 0;

  constructor(unitLimit: number) {
    this.#unitsLeft = unitLimit;
  }

  get unitsUsed(): number {
    return this.#unitsUsed;
  }

  line(text: string): void {
    if (this.#truncated) return;
    this.#bytes += text.length;
    if (this.#bytes >= MAX_LOG_BYTES) {
      this.#truncated = true;
      this.lines.push("Log truncated");
    } else this.lines.push(text);
  }

  /** What a program says by itself. */
  say(text: string): void {
    this.line(`Program log: ${text}`);
  }

  /** An event. */
  data(bytes: Uint8Array): void {
    this.line(
      `Program data: ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`,
    );
  }

  enter(program: Address, height: number): { readonly program: Address; readonly unitsAtStart: number } {
    this.line(`Program ${program.text} invoke [${height}]`);
    return { program, unitsAtStart: this.#unitsLeft };
  }

  /** Closes the program's part; `failure` is its error code. */
  leave(
    entered: { readonly program: Address; readonly unitsAtStart: number },
    ownUnits: number,
    failure: number | null,
  ): void {
    const { program } = entered;
    const units = Math.min(ownUnits, this.#unitsLeft);
    this.#unitsLeft -= units;
    this.#unitsUsed += units;
    if (!BUILT_IN.has(program)) {
      const used = entered.unitsAtStart - this.#unitsLeft;
      this.line(`Program ${program.text} consumed ${used} of ${entered.unitsAtStart} compute units`);
    }
    if (failure === null) this.line(`Program ${program.text} success`);
    else this.line(`Program ${program.text} failed: custom program error: 0x${failure.toString(16)}`);
  }
}
