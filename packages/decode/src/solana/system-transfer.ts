import { readU32, readU64 } from "../little-endian.ts";
import type { Instruction } from "./instruction.ts";

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
const TRANSFER = 2;

/** A movement of native SOL between two accounts, by index into the account table. */
export interface SystemTransfer {
  readonly source: number;
  readonly destination: number;
  readonly lamports: bigint;
}

/** The system program's transfers among instructions, in order. Programs can move lamports without one too. */
export function systemTransfers(instructions: readonly Instruction[]): SystemTransfer[] {
  const transfers: SystemTransfer[] = [];
  for (const { program, data, accounts } of instructions) {
    if (program !== SYSTEM_PROGRAM || data === null || data.length < 12 || accounts.length < 2) continue;
    if (readU32(data, 0) !== TRANSFER) continue;
    const [source = -1, destination = -1] = accounts;
    transfers.push({ source, destination, lamports: readU64(data, 4) });
  }
  return transfers;
}
