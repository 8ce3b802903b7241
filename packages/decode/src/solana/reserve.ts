import { readU64 } from "../little-endian.ts";
import type { Fill } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { isAmount, isTokenProgram, tokenTransfer } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

export interface Reserves {
  readonly in: bigint | null;
  readonly out: bigint | null;
}

/** The pool's reserves right after the instruction of a fill; `end` is the ordinal after all that it called. */
export function reservesAfter(transaction: SolanaTransaction, fill: Fill, end: number): Reserves {
  switch (fill.reserves.kind) {
    case "unknown":
      return { in: null, out: null };
    case "told":
      return { in: ifAmount(fill.reserves.in), out: ifAmount(fill.reserves.out) };
    case "vaults":
      return {
        in: ifAmount(balanceAt(transaction, fill.reserves.in, end) ?? fill.reserves.told?.in ?? null),
        out: ifAmount(balanceAt(transaction, fill.reserves.out, end) ?? fill.reserves.told?.out ?? null),
      };
  }
}

function ifAmount(value: bigint | null): bigint | null {
  return value !== null && isAmount(value) ? value : null;
}

/**
 * The balance of a token account before the instruction `ordinal`: the balance after the transaction without
 * what moved from there on. Null where the balance before the transaction and all movements do not add up to
 * it, which shows that a movement is not understood (a withheld fee, a sync of lamports).
 */
export function balanceAt(transaction: SolanaTransaction, account: number, ordinal: number): bigint | null {
  const after = transaction.balances.after(account);
  if (after === null) return null;
  let later = 0n;
  let touched = false;
  let earlier = 0n;
  for (const instruction of transaction.instructions) {
    if (!isTokenProgram(instruction.program) || !instruction.accounts.includes(account)) continue;
    const change = balanceChange(instruction, account);
    if (instruction.ordinal < ordinal) earlier += change;
    else {
      later += change;
      touched = true;
    }
  }
  if (!touched) return after;
  const consistent = (transaction.balances.before(account) ?? 0n) + earlier + later === after;
  return consistent && after >= later ? after - later : null;
}

/** Tags of the token programs that change a supply: [account, mint] and [mint, account], amount at byte 1. */
const MINT_TO = [7, 14];
const BURN = [8, 15];

function balanceChange(instruction: Instruction, account: number): bigint {
  const transfer = tokenTransfer(instruction);
  if (transfer !== null) {
    const out = transfer.source === account ? transfer.amount : 0n;
    return (transfer.destination === account ? transfer.amount - transfer.fee : 0n) - out;
  }
  const { data } = instruction;
  const tag = data?.[0];
  if (!data || tag === undefined || data.length < 9) return 0n;
  if (MINT_TO.includes(tag) && instruction.account(1) === account) return readU64(data, 1);
  if (BURN.includes(tag) && instruction.account(0) === account) return -readU64(data, 1);
  return 0n;
}
