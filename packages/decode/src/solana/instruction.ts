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
  readonly #call: CompiledCall;
  #data: Uint8Array | null | undefined;

  /** `ordinal`, `outer` and `inner`: where it stands, as the fields of these names. */
  constructor(call: CompiledCall, program: string, ordinal: number, outer: number, inner: number | null) {
    this.ordinal = ordinal;
    this.outer = outer;
    this.inner = inner;
    this.height = inner === null ? 1 : call.height;
    this.program = program;
    this.#call = call;
  }

  /** Indexes into the transaction's account table. */
  get accounts(): readonly number[] {
    return this.#call.accounts;
  }

  /** The instruction's data, decoded on first use; null where the text is not base58. */
  get data(): Uint8Array | null {
    if (this.#data === undefined) {
      const { data } = this.#call;
      this.#data = typeof data === "string" ? decodeBase58(data) : data;
    }
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
  /** The data itself, or its base58 text. */
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
  const add = (call: CompiledCall, at: number, within: number | null) => {
    instructions.push(new Instruction(call, keys[call.program] ?? "", instructions.length, at, within));
  };
  outer.forEach((call, at) => {
    add(call, at, null);
    inner.get(at)?.forEach((called, within) => {
      add(called, at, within);
    });
  });
  return instructions;
}
