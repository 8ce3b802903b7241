import type { Slot } from "@candlewick/domain";
import { arrayOrEmpty, isJsonObject, type JsonObject } from "../json-value.ts";
import { Instruction } from "./instruction.ts";
import { TokenBalances } from "./token-balance.ts";

/** A successful transaction, ready for the venues' decoders. */
export class SolanaTransaction {
  readonly slot: Slot;
  readonly txIndex: number;
  readonly signature: string;
  /** Addresses that the instructions' accounts index. */
  readonly keys: readonly string[];
  /** All instructions in the order of execution: an outer one, then its inner ones depth first. */
  readonly instructions: readonly Instruction[];
  readonly balances: TokenBalances;
  readonly logMessages: readonly unknown[];
  readonly #startsSwap: (program: string) => boolean;

  constructor(fields: {
    slot: Slot;
    txIndex: number;
    signature: string;
    keys: readonly string[];
    message: JsonObject;
    meta: JsonObject;
    /** Whether a program is a venue: its calls bound each other in records without call depths. */
    isVenue: (program: string) => boolean;
  }) {
    this.slot = fields.slot;
    this.txIndex = fields.txIndex;
    this.signature = fields.signature;
    this.keys = fields.keys;
    this.instructions = readInstructions(fields.message, fields.meta, fields.keys);
    this.balances = new TokenBalances(fields.meta);
    this.logMessages = arrayOrEmpty(fields.meta.logMessages);
    this.#startsSwap = fields.isVenue;
  }

  /** The address at an index of the account table; null outside of it, or where the table holds no text. */
  address(account: number): string | null {
    return this.keys[account] || null;
  }

  /** Everything that `parent` called, at any depth, in order. */
  descendants(parent: Instruction): readonly Instruction[] {
    return this.instructions.slice(parent.ordinal + 1, this.endOf(parent));
  }

  /** What `parent` called itself. Without recorded depths: everything up to the next venue's instruction. */
  children(parent: Instruction): readonly Instruction[] {
    const height = parent.height;
    const called = this.descendants(parent);
    if (height === null) return called;
    return called.filter((child) => child.height === null || child.height === height + 1);
  }

  /** The ordinal after the last instruction that `parent` called. */
  endOf(parent: Instruction): number {
    let end = parent.ordinal + 1;
    for (; end < this.instructions.length; end++) {
      const next = this.instructions[end];
      if (next === undefined || next.outer !== parent.outer) break;
      if (parent.inner === null) continue;
      if (parent.height !== null && next.height !== null) {
        if (next.height <= parent.height) break;
      } else if (next.accounts.length !== 1 && this.#startsSwap(next.program)) break;
    }
    return end;
  }
}

/** The account table: static keys, then the loaded writable, then the loaded read-only ones. */
export function accountTable(message: JsonObject, meta: JsonObject): string[] {
  const keys: string[] = [];
  appendKeys(keys, message.accountKeys);
  const loaded = meta.loadedAddresses;
  if (isJsonObject(loaded)) {
    appendKeys(keys, loaded.writable);
    appendKeys(keys, loaded.readonly);
  }
  return keys;
}

function appendKeys(keys: string[], list: unknown): void {
  // A key that is no text keeps its place, or all later indexes would shift.
  for (const key of arrayOrEmpty(list)) keys.push(typeof key === "string" ? key : "");
}

function readInstructions(message: JsonObject, meta: JsonObject, keys: readonly string[]): Instruction[] {
  // The groups of inner instructions are sparse: one per outer instruction that called something.
  const groups = new Map<number, readonly unknown[]>();
  for (const group of arrayOrEmpty(meta.innerInstructions)) {
    if (isJsonObject(group) && typeof group.index === "number") {
      groups.set(group.index, arrayOrEmpty(group.instructions));
    }
  }
  const instructions: Instruction[] = [];
  for (const [outer, entry] of arrayOrEmpty(message.instructions).entries()) {
    append(instructions, entry, keys, outer, null);
    for (const [inner, called] of (groups.get(outer) ?? []).entries()) {
      append(instructions, called, keys, outer, inner);
    }
  }
  return instructions;
}

function append(
  list: Instruction[],
  entry: unknown,
  keys: readonly string[],
  outer: number,
  inner: number | null,
): void {
  const fields = isJsonObject(entry) ? entry : {};
  const { programIdIndex, accounts, data, stackHeight } = fields;
  list.push(
    new Instruction({
      ordinal: list.length,
      outer,
      inner,
      height: inner === null ? 1 : typeof stackHeight === "number" ? stackHeight : null,
      program: (typeof programIdIndex === "number" ? keys[programIdIndex] : undefined) ?? "",
      accounts: isIndexList(accounts) ? accounts : [],
      text: typeof data === "string" ? data : "",
    }),
  );
}

function isIndexList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((index) => typeof index === "number");
}
