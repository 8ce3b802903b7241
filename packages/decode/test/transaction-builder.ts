import { createHash } from "node:crypto";
import { base58 } from "@scure/base";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../src/index.ts";
import type { Json } from "./recorded-data.ts";

/** The address that stands for a name; names that are addresses already stand for themselves. */
export function address(name: string): string {
  return name.length >= 32 ? name : base58.encode(createHash("sha256").update(name).digest());
}

/** Bytes of instruction data and events, written field by field. */
export class Bytes {
  #parts: Uint8Array[] = [];

  hex(text: string): this {
    return this.#push(Buffer.from(text, "hex"));
  }

  u8(value: number): this {
    return this.#push(Uint8Array.of(value));
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.#push(bytes);
  }

  u64(...values: (bigint | number)[]): this {
    for (const value of values) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      this.#push(bytes);
    }
    return this;
  }

  key(...names: string[]): this {
    for (const name of names) this.#push(base58.decode(address(name)));
    return this;
  }

  text(value: string): this {
    return this.u32(value.length).#push(Buffer.from(value));
  }

  /** Zeros up to an offset, for the fields between those that a test is about. */
  padTo(offset: number): this {
    const missing = offset - this.length;
    if (missing < 0) throw new RangeError(`already at ${this.length}, past ${offset}`);
    return this.#push(new Uint8Array(missing));
  }

  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    return this;
  }
}

/** One instruction, with what it calls and what it writes to the log. */
export interface Call {
  readonly program: string;
  readonly accounts: readonly string[];
  readonly data: Uint8Array;
  readonly calls?: readonly Call[];
  readonly logData?: readonly Uint8Array[];
}

export function transfer(source: string, destination: string, amount: bigint): Call {
  const data = new Bytes().u8(3).u64(amount).bytes();
  return { program: TOKEN_PROGRAM, accounts: [source, destination, "authority"], data };
}

export function transferChecked(
  source: string,
  mint: string,
  destination: string,
  amount: bigint,
  options: { decimals?: number; program?: string } = {},
): Call {
  const { decimals = 6, program = TOKEN_PROGRAM } = options;
  const data = new Bytes().u8(12).u64(amount).u8(decimals).bytes();
  return { program, accounts: [source, mint, destination, "authority"], data };
}

export function transferWithFee(
  source: string,
  mint: string,
  destination: string,
  amount: bigint,
  fee: bigint,
): Call {
  const data = new Bytes().u8(26).u8(1).u64(amount).u8(6).u64(fee).bytes();
  return { program: TOKEN_2022_PROGRAM, accounts: [source, mint, destination, "authority"], data };
}

/** An event that a program leaves by calling itself. */
export function selfCpi(program: string, event: Uint8Array): Call {
  const data = new Bytes().hex("e445a52e51cb9a1d").bytes();
  return { program, accounts: ["event-authority"], data: Buffer.concat([data, event]) };
}

/** `count` accounts named filler-0.., with names put at some positions. */
export function accountsAt(count: number, named: Readonly<Record<number, string>>): string[] {
  return Array.from({ length: count }, (_, position) => named[position] ?? `filler-${position}`);
}

export interface Balance {
  readonly account: string;
  readonly mint: string;
  readonly before?: bigint;
  readonly after?: bigint;
  readonly decimals?: number;
  readonly owner?: string;
}

export interface TransactionOptions {
  readonly balances?: readonly Balance[];
  /** Without: a record of the time before nodes told the depth of calls. */
  readonly heights?: boolean;
  readonly err?: unknown;
  /** Who signs and pays; default "signer". */
  readonly signer?: string;
  /** The node kept no more of the log than this many lines. */
  readonly logLines?: number;
  /** By how much an account's lamports change; those of all others do not. */
  readonly lamports?: Readonly<Record<string, number>>;
  /** How many addresses stand in the loaded (lookup) tables rather than in the message. */
  readonly loaded?: number;
}

/** What names every built transaction. */
export const SIGNATURE = base58.encode(createHash("sha512").update("signature").digest());
/** Of every message; decoders have no use for it. */
const HEADER = { numReadonlySignedAccounts: 0, numReadonlyUnsignedAccounts: 1, numRequiredSignatures: 1 };

const HELD = 5_000_000;

/** A transaction in `json` encoding that executed these instructions, with the log that a node would keep. */
export function transactionOf(calls: readonly Call[], options: TransactionOptions = {}): Json {
  const { heights = true, balances = [], err = null, loaded = 0, lamports = {} } = options;
  const { signer = "signer", logLines } = options;
  const keys: string[] = [];
  const index = (name: string) => {
    const key = address(name);
    if (!keys.includes(key)) keys.push(key);
    return keys.indexOf(key);
  };
  const logMessages: string[] = [];
  const run = (call: Call, height: number, group: object[]): object => {
    const compiled = {
      programIdIndex: index(call.program),
      accounts: call.accounts.map(index),
      data: base58.encode(call.data),
      stackHeight: height === 1 || !heights ? null : height,
    };
    if (height > 1) group.push(compiled);
    logMessages.push(`Program ${address(call.program)} invoke [${height}]`);
    for (const child of call.calls ?? []) run(child, height + 1, group);
    for (const event of call.logData ?? []) {
      logMessages.push(`Program data: ${Buffer.from(event).toString("base64")}`);
    }
    logMessages.push(`Program ${address(call.program)} success`);
    return compiled;
  };
  index(signer);
  const innerInstructions: object[] = [];
  const instructions = calls.map((call, outer) => {
    const group: object[] = [];
    const compiled = run(call, 1, group);
    if (group.length > 0) innerInstructions.push({ index: outer, instructions: group });
    return compiled;
  });
  if (logLines !== undefined) logMessages.splice(logLines, logMessages.length, "Log truncated");
  const listed = (which: "before" | "after") =>
    balances.flatMap((balance) => {
      const amount = balance[which];
      if (amount === undefined) return [];
      const { decimals = 6, mint, owner } = balance;
      const uiTokenAmount = { amount: String(amount), decimals };
      return [{ accountIndex: index(balance.account), mint: address(mint), owner, uiTokenAmount }];
    });
  const [preTokenBalances, postTokenBalances] = [listed("before"), listed("after")];
  const changes = Object.entries(lamports).map(([name, change]) => [address(name), change] as const);
  const preBalances = keys.map(() => HELD);
  const postBalances = keys.map((key) => HELD + (changes.find(([account]) => account === key)?.[1] ?? 0));
  const table = keys.splice(keys.length - loaded, loaded);
  return {
    transaction: {
      signatures: [SIGNATURE],
      message: { accountKeys: keys, header: HEADER, instructions },
    },
    meta: {
      err,
      innerInstructions,
      logMessages,
      preBalances,
      postBalances,
      preTokenBalances,
      postTokenBalances,
      loadedAddresses: { writable: table.slice(0, 1), readonly: table.slice(1) },
    },
  };
}
