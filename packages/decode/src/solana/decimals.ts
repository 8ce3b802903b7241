import { WSOL_MINT } from "@candlewick/domain";
import { isDecimals } from "./token-balance.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Native SOL has no token entry; of other mints some account or checked transfer tells the decimals. */
export function decimalsOf(transaction: SolanaTransaction, mint: string): number | null {
  if (mint === WSOL_MINT) return 9;
  const decimals = transaction.balances.decimals(mint);
  if (decimals !== null) return decimals;
  for (const transfer of tokenTransfers(transaction.instructions)) {
    if (transfer.mint === null || transaction.address(transfer.mint) !== mint) continue;
    if (transfer.decimals !== null && isDecimals(transfer.decimals)) return transfer.decimals;
  }
  return null;
}
