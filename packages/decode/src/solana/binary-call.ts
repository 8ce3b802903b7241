import type { CompiledCall } from "./instruction.ts";

/** A stretch of bytes between two offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A call that still stands in the bytes of its transaction: most calls are never looked into. */
export class BinaryCall implements CompiledCall {
  readonly program: number;
  readonly height: number | null;
  readonly #bytes: Uint8Array;
  readonly #accountsStart: number;
  readonly #accountsEnd: number;
  readonly #dataStart: number;
  readonly #dataEnd: number;
  #accounts: readonly number[] | null = null;

  /** `accounts`: one byte an index. The bytes are kept, not copied. */
  constructor(bytes: Uint8Array, program: number, height: number | null, accounts: Span, data: Span) {
    this.program = program;
    this.height = height;
    this.#bytes = bytes;
    this.#accountsStart = accounts.start;
    this.#accountsEnd = accounts.end;
    this.#dataStart = data.start;
    this.#dataEnd = data.end;
  }

  get accounts(): readonly number[] {
    this.#accounts ??= this.#readAccounts();
    return this.#accounts;
  }

  get data(): Uint8Array {
    return this.#bytes.subarray(this.#dataStart, this.#dataEnd);
  }

  #readAccounts(): readonly number[] {
    const count = this.#accountsEnd - this.#accountsStart;
    const accounts = new Array<number>(count);
    for (let k = 0; k < count; k++) accounts[k] = this.#bytes[this.#accountsStart + k] ?? 0;
    return accounts;
  }
}
