import { readU64 } from "../little-endian.ts";
import type { Instruction } from "./instruction.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

/** A movement of tokens between two accounts, by index into the account table. */
export interface TokenTransfer {
  readonly source: number;
  readonly destination: number;
  /** Index of the mint, where the instruction names it. */
  readonly mint: number | null;
  readonly decimals: number | null;
  /** What leaves the source. */
  readonly amount: bigint;
  /** What the mint withholds from the destination, where the instruction tells it; else zero. */
  readonly fee: bigint;
  readonly token2022: boolean;
}

/** Tags of the token programs: the first byte of the data. */
const TRANSFER = 3;
const TRANSFER_CHECKED = 12;
const TRANSFER_FEE_EXTENSION = 26;
const TRANSFER_CHECKED_WITH_FEE = 1;

const MAX_AMOUNT = (1n << 64n) - 1n;

/** Whether the token programs can hold such an amount: 64 bits. */
export function isAmount(value: bigint): boolean {
  return value >= 0n && value <= MAX_AMOUNT;
}

export function isTokenProgram(program: string): boolean {
  return program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM;
}

/** Reads a transfer of SPL Token or Token-2022; null for any other instruction. */
export function tokenTransfer(instruction: Instruction): TokenTransfer | null {
  if (!isTokenProgram(instruction.program)) return null;
  const { data, accounts } = instruction;
  if (data === null || accounts.length < 3) return null;
  const token2022 = instruction.program === TOKEN_2022_PROGRAM;
  if (data[0] === TRANSFER && data.length >= 9) {
    const [source, destination] = [instruction.account(0), instruction.account(1)];
    return { source, destination, mint: null, decimals: null, amount: readU64(data, 1), fee: 0n, token2022 };
  }
  const checked = { source: instruction.account(0), mint: instruction.account(1), token2022 };
  const destination = instruction.account(2);
  if (data[0] === TRANSFER_CHECKED && data.length >= 10) {
    return { ...checked, destination, amount: readU64(data, 1), decimals: data[9] ?? null, fee: 0n };
  }
  if (data[0] === TRANSFER_FEE_EXTENSION && data[1] === TRANSFER_CHECKED_WITH_FEE && data.length >= 19) {
    const amount = readU64(data, 2);
    const fee = readU64(data, 11);
    if (fee > amount) return null;
    return { ...checked, destination, amount, decimals: data[10] ?? null, fee };
  }
  return null;
}

export function tokenTransfers(instructions: readonly Instruction[]): TokenTransfer[] {
  const transfers: TokenTransfer[] = [];
  for (const instruction of instructions) {
    const transfer = tokenTransfer(instruction);
    if (transfer !== null) transfers.push(transfer);
  }
  return transfers;
}
