import { total } from "../../chain/fill.ts";
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  payIn,
  payOut,
  type SwapContext,
  type SwapEncoder,
  userBase,
  venueAccount,
} from "../swap-context.ts";
import { transferChecked, transferLamports } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.Moonshot;

/** Moonshot's curves in native SOL; the event is in the log only. */
export const encodeMoonshot: SwapEncoder = (context) => {
  const { tx, fill, wallet } = context;
  const { pool } = fill;
  const accounts = [
    wallet,
    userBase(context),
    pool.address,
    pool.vaultBase,
    recipient(context, "dex-fee"),
    recipient(context, "helio-fee"),
    pool.base.mint,
    venueAccount(context, "config"),
    pool.base.program,
    ASSOCIATED_TOKEN_PROGRAM,
    SYSTEM_PROGRAM,
  ];
  const [coins, collateral] = fill.baseIn ? [fill.userIn, fill.poolOut] : [fill.userOut, fill.poolIn];
  const data = new ByteWriter()
    .hex(fill.baseIn ? "33e685a4017f83ad" : "66063d1201daebea")
    .u64(coins, collateral)
    .u8(context.random.below(2))
    .u64(500n)
    .finish();
  tx.balances.open(pool.vaultBase, pool.base, pool.address, fill.before.vaultBase);
  tx.balances.holds(pool.address, fill.before.vaultQuote + 1_231_920n);
  for (const role of ["dex-fee", "helio-fee"]) tx.balances.holds(recipient(context, role), 9_000_000_000n);
  return tx.invoke(PROGRAM, accounts, data, 61_000, () => {
    tx.log.say(`Instruction: ${fill.baseIn ? "Sell" : "Buy"}`);
    settle(context);
    tx.log.data(tradeEvent(context, coins, collateral));
  });
};

/** A buyer pays by system transfers; a seller's lamports come by a plain change of balances. */
function settle(context: SwapContext): void {
  const { tx, fill, wallet } = context;
  const [dex, helio] = feesOf(context);
  if (fill.baseIn) {
    transferChecked(tx, payIn(context));
    tx.balances.moveLamports(fill.pool.address, -fill.poolOut);
    tx.balances.moveLamports(wallet, fill.userOut);
    tx.balances.moveLamports(recipient(context, "dex-fee"), dex);
    tx.balances.moveLamports(recipient(context, "helio-fee"), helio);
    return;
  }
  transferChecked(tx, payOut(context, fill.pool.address));
  transferLamports(tx, wallet, fill.pool.address, fill.poolIn);
  transferLamports(tx, wallet, recipient(context, "dex-fee"), dex);
  transferLamports(tx, wallet, recipient(context, "helio-fee"), helio);
}

function feesOf({ fill }: SwapContext): [bigint, bigint] {
  const fee = total(fill.fees);
  return [fee - fee / 3n, fee / 3n];
}

function tradeEvent(context: SwapContext, coins: bigint, collateral: bigint): Buffer {
  const { fill, wallet } = context;
  return new ByteWriter()
    .hex("bddb7fd34ee661ee")
    .u64(coins, collateral, ...feesOf(context), fill.after.vaultBase)
    .bytes(fill.pool.address.bytes)
    .bytes(fill.pool.base.mint.bytes)
    .bytes(wallet.bytes)
    .flag(fill.baseIn)
    .string("trade")
    .finish();
}

function recipient(context: SwapContext, role: string) {
  return context.book.derive(`venue/Moonshot/${role}`);
}
