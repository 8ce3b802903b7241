import type { Address } from "../chain/address.ts";
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../chain/programs.ts";
import { SOL, type Token } from "../chain/token.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import { TOKEN_ACCOUNT_RENT } from "./balance-sheet.ts";
import type { TransactionBuilder } from "./transaction-builder.ts";

export interface TokenTransfer {
  readonly token: Token;
  readonly source: Address;
  readonly destination: Address;
  readonly authority: Address;
  readonly amount: bigint;
}

/** Token instruction 3. Only for the original token program: Token-2022 mints are always moved checked. */
export function transfer(tx: TransactionBuilder, move: TokenTransfer): void {
  if (move.token.program !== TOKEN_PROGRAM) {
    transferChecked(tx, move);
    return;
  }
  const data = new ByteWriter().u8(3).u64(move.amount).finish();
  const accounts = [move.source, move.destination, move.authority];
  tx.invoke(move.token.program, accounts, data, 4_645, () => tx.log.say("Instruction: Transfer"));
  tx.balances.transfer(move.source, move.destination, move.amount);
}

/** Token instruction 12, which names the mint and its decimals. */
export function transferChecked(tx: TransactionBuilder, move: TokenTransfer): void {
  const data = new ByteWriter().u8(12).u64(move.amount).u8(move.token.decimals).finish();
  const accounts = [move.source, move.token.mint, move.destination, move.authority];
  tx.invoke(move.token.program, accounts, data, 6_238, () => tx.log.say("Instruction: TransferChecked"));
  tx.balances.transfer(move.source, move.destination, move.amount);
}

/** Token instruction 7 (`mintTo`) or 8 (`burn`) of shares that no token account of ours shows. */
export function changeSupply(
  tx: TransactionBuilder,
  kind: "mint" | "burn",
  mint: Address,
  account: Address,
  authority: Address,
  amount: bigint,
): void {
  const data = new ByteWriter()
    .u8(kind === "mint" ? 7 : 8)
    .u64(amount)
    .finish();
  const accounts = kind === "mint" ? [mint, account, authority] : [account, mint, authority];
  const name = kind === "mint" ? "MintTo" : "Burn";
  tx.invoke(TOKEN_PROGRAM, accounts, data, 4_492, () => tx.log.say(`Instruction: ${name}`));
}

export function transferLamports(tx: TransactionBuilder, from: Address, to: Address, lamports: bigint): void {
  const data = new ByteWriter().u32(2).u64(lamports).finish();
  tx.invoke(SYSTEM_PROGRAM, [from, to], data, 150);
  tx.balances.moveLamports(from, -lamports);
  tx.balances.moveLamports(to, lamports);
}

/** Makes the associated token account of `owner` at the top level, paid by the payer. */
export function createTokenAccount(
  tx: TransactionBuilder,
  account: Address,
  owner: Address,
  token: Token,
): void {
  const { payer } = tx;
  const accounts = [payer, account, owner, token.mint, SYSTEM_PROGRAM, token.program];
  tx.invoke(ASSOCIATED_TOKEN_PROGRAM, accounts, Uint8Array.of(1), 8_000, () => {
    tx.log.say("CreateIdempotent");
    tx.invoke(token.program, [token.mint], Uint8Array.of(21, 7, 0), 1_569, () => {
      tx.log.say("Instruction: GetAccountDataSize");
      tx.log.line(`Program return: ${token.program.text} pQAAAAAAAAA=`);
    });
    const space = new ByteWriter().u32(0).u64(TOKEN_ACCOUNT_RENT, 165n).bytes(token.program.bytes).finish();
    tx.invoke(SYSTEM_PROGRAM, [payer, account], space, 150);
    tx.log.say("Initialize the associated token account");
    tx.invoke(token.program, [account], Uint8Array.of(22), 1_405, () =>
      tx.log.say("Instruction: InitializeImmutableOwner"),
    );
    const init = new ByteWriter().u8(18).bytes(owner.bytes).finish();
    tx.invoke(token.program, [account, token.mint], init, 3_158, () =>
      tx.log.say("Instruction: InitializeAccount3"),
    );
  });
  tx.balances.moveLamports(payer, -TOKEN_ACCOUNT_RENT);
}

/** Pays lamports into a wrapped SOL account and makes its balance know. */
export function wrapSol(tx: TransactionBuilder, account: Address, lamports: bigint): void {
  const data = new ByteWriter().u32(2).u64(lamports).finish();
  tx.invoke(SYSTEM_PROGRAM, [tx.payer, account], data, 150);
  tx.invoke(TOKEN_PROGRAM, [account], Uint8Array.of(17), 3_045, () => tx.log.say("Instruction: SyncNative"));
  tx.balances.moveLamports(tx.payer, -lamports);
  tx.balances.credit(account, lamports);
}

/** Closes a token account; its lamports go back to the owner. */
export function closeTokenAccount(tx: TransactionBuilder, account: Address, owner: Address): void {
  tx.invoke(SOL.program, [account, owner, owner], Uint8Array.of(9), 2_915, () =>
    tx.log.say("Instruction: CloseAccount"),
  );
  tx.balances.moveLamports(owner, TOKEN_ACCOUNT_RENT);
}
