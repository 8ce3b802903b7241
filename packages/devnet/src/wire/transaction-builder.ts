import type { Address } from "../chain/address.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { BalanceSheet } from "./balance-sheet.ts";
import type { InstructionErrorJson, InstructionJson, MetaJson, TransactionJson } from "./block-json.ts";
import { InstructionLog } from "./instruction-log.ts";
import { buildMessage, type MessageOptions } from "./message.ts";

/** Where an instruction stands: `inner` is its index among the inner ones of `outer`, null at the top. */
export interface InstructionPath {
  readonly outer: number;
  readonly inner: number | null;
}

/** An instruction before its accounts have indexes. */
export interface RawInstruction {
  readonly program: Address;
  readonly accounts: readonly Address[];
  readonly data: Uint8Array;
  readonly stackHeight: number | null;
}

export interface TransactionOptions extends MessageOptions {
  /** Who signs and pays. */
  readonly payer: Address;
  readonly signature: string;
  readonly unitLimit: number;
  readonly feeLamports: bigint;
}

/** Runs instructions the way the chain's runtime does, and writes down what a node reports of them. */
export class TransactionBuilder {
  readonly log: InstructionLog;
  readonly balances = new BalanceSheet();
  readonly #options: TransactionOptions;
  readonly #outer: RawInstruction[] = [];
  readonly #inner = new Map<number, RawInstruction[]>();
  #height = 0;
  #failNext: number | null = null;
  #error: InstructionErrorJson | null = null;
  #returnData: MetaJson["returnData"];

  constructor(options: TransactionOptions) {
    this.#options = options;
    this.log = new InstructionLog(options.unitLimit);
  }

  get signature(): string {
    return this.#options.signature;
  }

  get payer(): Address {
    return this.#options.payer;
  }

  /** The next top-level instruction runs to its end and then fails with that error code. */
  failNext(code: number): void {
    this.#failNext = code;
  }

  /**
   * Calls a program: at the top, or from within `body` of another call. `body` logs and calls further
   * programs. After a failed instruction the rest of the message is not executed.
   */
  invoke(
    program: Address,
    accounts: readonly Address[],
    data: Uint8Array,
    units: number,
    body?: () => void,
  ): InstructionPath {
    const top = this.#height === 0;
    const path = this.#record({ program, accounts, data, stackHeight: top ? null : this.#height + 1 });
    if (this.#error !== null) return path;
    const failure = top ? this.#failNext : null;
    this.#height++;
    const entered = this.log.enter(program, this.#height);
    body?.();
    this.log.leave(entered, units, failure);
    this.#height--;
    if (failure !== null) {
      this.#failNext = null;
      this.#error = { InstructionError: [path.outer, { Custom: failure }] };
    }
    return path;
  }

  /** Anchor's event by self-call: the program calls itself with the event as data and one account. */
  emit(program: Address, eventAuthority: Address, event: Uint8Array): void {
    const data = Buffer.concat([SELF_CALL, event]);
    this.invoke(program, [eventAuthority], data, 2_003);
  }

  /** A program hands bytes to its caller. */
  returns(program: Address, bytes: Buffer): void {
    const data = bytes.toString("base64");
    this.log.line(`Program return: ${program.text} ${data}`);
    this.#returnData = { data: [data, "base64"], programId: program.text };
  }

  /** The transaction as `getBlock` shows it. */
  finish(): TransactionJson {
    const failed = this.#error !== null;
    const { payer, feeLamports } = this.#options;
    const built = buildMessage(payer, this.#outer, [...this.#inner.values()].flat(), this.#options);
    const indexed = (instruction: RawInstruction): InstructionJson => ({
      accounts: instruction.accounts.map((account) => built.indexOf(account)),
      data: encodeBase58(instruction.data),
      programIdIndex: built.indexOf(instruction.program),
      stackHeight: instruction.stackHeight,
    });
    const { accounts } = built;
    return {
      meta: {
        computeUnitsConsumed: this.log.unitsUsed,
        err: this.#error,
        fee: Number(feeLamports),
        innerInstructions: [...this.#inner].map(([index, inner]) => ({
          index,
          instructions: inner.map(indexed),
        })),
        loadedAddresses: built.loadedAddresses,
        logMessages: this.log.lines,
        postBalances: this.balances.lamports(accounts, "post", failed, feeLamports),
        postTokenBalances: this.balances.tokens(accounts, "post", failed),
        preBalances: this.balances.lamports(accounts, "pre", failed, feeLamports),
        preTokenBalances: this.balances.tokens(accounts, "pre", failed),
        ...(this.#returnData === undefined ? {} : { returnData: this.#returnData }),
        rewards: [],
        status: this.#error === null ? { Ok: null } : { Err: this.#error },
      },
      transaction: {
        message: built.message(this.#outer.map(indexed)),
        signatures: [this.#options.signature],
      },
      version: this.#options.version,
    };
  }

  #record(instruction: RawInstruction): InstructionPath {
    if (this.#height === 0) {
      this.#outer.push(instruction);
      return { outer: this.#outer.length - 1, inner: null };
    }
    const outer = this.#outer.length - 1;
    const group = this.#inner.get(outer) ?? [];
    if (group.length === 0) this.#inner.set(outer, group);
    group.push(instruction);
    return { outer, inner: group.length - 1 };
  }
}

const SELF_CALL = Buffer.from("e445a52e51cb9a1d", "hex");
