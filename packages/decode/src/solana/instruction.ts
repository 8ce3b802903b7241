import { decodeBase58 } from "../base58.ts";

/** One executed instruction of a transaction, outer or inner. */
export class Instruction {
  /** Position in the order of execution, over outer and inner instructions. */
  readonly ordinal: number;
  readonly outer: number;
  /** Index in the inner instructions of the outer one; null for the outer one itself. */
  readonly inner: number | null;
  /** Depth of the call: 1 for an outer instruction; null for inner ones in records that are too old to tell. */
  readonly height: number | null;
  readonly program: string;
  /** Indexes into the transaction's account table. */
  readonly accounts: readonly number[];
  readonly #encoded: string;
  #data: Uint8Array | null | undefined;

  constructor(fields: {
    ordinal: number;
    outer: number;
    inner: number | null;
    height: number | null;
    program: string;
    accounts: readonly number[];
    /** The data itself, or its base58 text. */
    data: Uint8Array | string;
  }) {
    this.ordinal = fields.ordinal;
    this.outer = fields.outer;
    this.inner = fields.inner;
    this.height = fields.height;
    this.program = fields.program;
    this.accounts = fields.accounts;
    if (typeof fields.data === "string") {
      this.#encoded = fields.data;
      this.#data = undefined;
    } else {
      this.#encoded = "";
      this.#data = fields.data;
    }
  }

  /** The instruction's data, decoded on first use; null where the text is not base58. */
  get data(): Uint8Array | null {
    if (this.#data === undefined) this.#data = decodeBase58(this.#encoded);
    return this.#data;
  }

  /** The index into the account table at a position of the instruction's list; -1 where the list is shorter. */
  account(position: number): number {
    return this.accounts[position] ?? -1;
  }
}

/** One call as messages and metadata list it: the program by its index into the account table. */
export interface CompiledCall {
  readonly program: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array | string;
  /** Depth of the call, where the record tells it; not looked at for outer instructions. */
  readonly height: number | null;
}

/**
 * All instructions in the order of execution: an outer one, then what it called, depth first. `inner` is by
 * the index of the outer one, and sparse: only those that called something have an entry.
 */
export function executionOrder(
  keys: readonly string[],
  outer: readonly CompiledCall[],
  inner: ReadonlyMap<number, readonly CompiledCall[]>,
): Instruction[] {
  const instructions: Instruction[] = [];
  const add = ({ program, accounts, data, height }: CompiledCall, at: number, within: number | null) => {
    const place = { ordinal: instructions.length, outer: at, inner: within };
    const depth = within === null ? 1 : height;
    instructions.push(
      new Instruction({ ...place, height: depth, program: keys[program] ?? "", accounts, data }),
    );
  };
  for (const [at, call] of outer.entries()) {
    add(call, at, null);
    for (const [within, called] of (inner.get(at) ?? []).entries()) add(called, at, within);
  }
  return instructions;
}
