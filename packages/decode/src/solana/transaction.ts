import type { Slot } from "@candlewick/domain";
import { type CompiledCall, executionOrder, type Instruction } from "./instruction.ts";
import type { LamportBalances } from "./lamports.ts";
import type { TransactionLog } from "./log.ts";
import { type TokenBalance, TokenBalances } from "./token-balance.ts";

/** What any encoding tells of a successful transaction. */
export interface TransactionContent {
  readonly slot: Slot;
  readonly txIndex: number;
  readonly signature: string;
  /** The account table: static keys, then the loaded writable, then the loaded read-only ones. */
  readonly keys: readonly string[];
  readonly outer: readonly CompiledCall[];
  /** By the index of the outer instruction that called them. */
  readonly inner: ReadonlyMap<number, readonly CompiledCall[]>;
  readonly balancesBefore: readonly TokenBalance[];
  readonly balancesAfter: readonly TokenBalance[];
  readonly lamports: LamportBalances;
  readonly log: TransactionLog;
}

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
  readonly lamports: LamportBalances;
  readonly log: TransactionLog;
  readonly #startsSwap: (program: string) => boolean;

  /** `isVenue`: whether a program is a venue; its calls bound each other in records without call depths. */
  constructor(content: TransactionContent, isVenue: (program: string) => boolean) {
    this.slot = content.slot;
    this.txIndex = content.txIndex;
    this.signature = content.signature;
    this.keys = content.keys;
    this.instructions = executionOrder(content.keys, content.outer, content.inner);
    this.balances = new TokenBalances(content.balancesBefore, content.balancesAfter);
    this.lamports = content.lamports;
    this.log = content.log;
    this.#startsSwap = isVenue;
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
