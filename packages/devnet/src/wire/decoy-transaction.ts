import type { AddressBook } from "../chain/address.ts";
import type { Fill } from "../chain/fill.ts";
import type { Decoy } from "../chain/plan.ts";
import { DLMM_EVENT_AUTHORITY, VENUE_PROGRAMS } from "../chain/programs.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import type { Random } from "../encoding/random.ts";
import { transferChecked, transferLamports } from "./token-instructions.ts";
import type { TransactionBuilder } from "./transaction-builder.ts";

/** Writes a transaction that is no trade. `fill` lends it a pool and amounts that look right. */
export function encodeDecoy(
  tx: TransactionBuilder,
  book: AddressBook,
  decoy: Decoy,
  fill: Fill,
  random: Random,
): void {
  tx.balances.holds(tx.payer, 3_000_000_000n);
  switch (decoy) {
    case "imitation":
      imitate(tx, book, fill);
      return;
    case "liquidity":
      addLiquidity(tx, book, fill);
      return;
    case "payment": {
      const friend = book.derive(`friend/${random.below(1_000)}`);
      tx.balances.holds(friend, BigInt(random.below(1_000_000_000)));
      transferLamports(tx, tx.payer, friend, BigInt(random.below(2_000_000_000)));
    }
  }
}

/** A program of nobody's knowledge logs the lines of Raydium and PumpFun, and calls itself with an event. */
function imitate(tx: TransactionBuilder, book: AddressBook, fill: Fill): void {
  const program = book.derive("imitator", "program");
  const authority = book.derive("imitator/event-authority", "readonly");
  const rayLog = new ByteWriter()
    .u8(3)
    .u64(fill.userIn, 0n, 1n, fill.userIn, fill.before.vaultBase, fill.before.vaultQuote, fill.userOut)
    .finish();
  const event = new ByteWriter()
    .hex("40c6cde8260871e2")
    .bytes(fill.pool.address.bytes)
    .u64(fill.userIn, fill.userOut)
    .finish();
  const accounts = [tx.payer, fill.pool.address, fill.pool.vaultBase, fill.pool.vaultQuote];
  tx.invoke(
    program,
    accounts,
    new ByteWriter().hex("f8c69e91e17587c8").u64(fill.userIn).finish(),
    12_000,
    () => {
      tx.log.say("Instruction: Swap");
      tx.log.say(`ray_log: ${rayLog.toString("base64")}`);
      // Free text can look like any line of the runtime.
      tx.log.say(`Program ${VENUE_PROGRAMS.RaydiumV4.text} invoke [1]`);
      tx.log.data(event);
      tx.emit(program, authority, event);
    },
  );
}

/** A deposit into a DLMM pool: transfers into both vaults, and an event of the venue. */
function addLiquidity(tx: TransactionBuilder, book: AddressBook, fill: Fill): void {
  const program = VENUE_PROGRAMS.MeteoraDlmm;
  const { pool } = fill;
  const amountBase = fill.before.vaultBase / 1_000n;
  const amountQuote = fill.before.vaultQuote / 1_000n;
  const base = book.tokenAccount(tx.payer, pool.base.mint);
  const quote = book.tokenAccount(tx.payer, pool.quote.mint);
  tx.balances.open(pool.vaultBase, pool.base, pool.address, fill.before.vaultBase);
  tx.balances.open(pool.vaultQuote, pool.quote, pool.address, fill.before.vaultQuote);
  tx.balances.open(base, pool.base, tx.payer, amountBase * 2n);
  tx.balances.open(quote, pool.quote, tx.payer, amountQuote * 3n);
  const position = book.deriveOnce(`position/${tx.signature}`);
  const accounts = [
    position,
    pool.address,
    program,
    base,
    quote,
    pool.vaultBase,
    pool.vaultQuote,
    pool.base.mint,
    pool.quote.mint,
    tx.payer,
    pool.base.program,
    pool.quote.program,
    DLMM_EVENT_AUTHORITY,
    program,
  ];
  const data = new ByteWriter().hex("03dd95da6f8d76d5").u64(amountBase, amountQuote).finish();
  const event = new ByteWriter()
    .hex("1f5e7d5ae3343dba")
    .bytes(pool.address.bytes)
    .bytes(tx.payer.bytes)
    .bytes(position.bytes)
    .u64(amountBase, amountQuote)
    .i32(0)
    .finish();
  tx.invoke(program, accounts, data, 406_000, () => {
    tx.log.say("Instruction: AddLiquidityByStrategy2");
    const authority = tx.payer;
    transferChecked(tx, {
      token: pool.base,
      source: base,
      destination: pool.vaultBase,
      authority,
      amount: amountBase,
    });
    transferChecked(tx, {
      token: pool.quote,
      source: quote,
      destination: pool.vaultQuote,
      authority,
      amount: amountQuote,
    });
    tx.emit(program, DLMM_EVENT_AUTHORITY, event);
  });
}
