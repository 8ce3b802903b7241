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
  readonly #text: string;
  #data: Uint8Array | null | undefined;

  constructor(fields: {
    ordinal: number;
    outer: number;
    inner: number | null;
    height: number | null;
    program: string;
    accounts: readonly number[];
    text: string;
  }) {
    this.ordinal = fields.ordinal;
    this.outer = fields.outer;
    this.inner = fields.inner;
    this.height = fields.height;
    this.program = fields.program;
    this.accounts = fields.accounts;
    this.#text = fields.text;
  }

  /** The instruction's data, decoded on first use; null where the text is not base58. */
  get data(): Uint8Array | null {
    if (this.#data === undefined) this.#data = decodeBase58(this.#text);
    return this.#data;
  }

  /** The index into the account table at a position of the instruction's list; -1 where the list is shorter. */
  account(position: number): number {
    return this.accounts[position] ?? -1;
  }
}
