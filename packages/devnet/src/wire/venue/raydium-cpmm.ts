import { tokenIn, tokenOut, vaultIn, vaultOut } from "../../chain/fill.ts";
import { VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  mostIn,
  openVaults,
  payIn,
  payOut,
  poolAccount,
  type SwapEncoder,
  venueAccount,
} from "../swap-context.ts";
import { transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.RaydiumCpmm;

/** Raydium's constant product pools; the event stands only in the log. */
export const encodeRaydiumCpmm: SwapEncoder = (context) => {
  const { tx, fill, random, wallet, source, destination } = context;
  const { pool, before, fees } = fill;
  const authority = venueAccount(context, "authority");
  openVaults(context, authority);
  const exactIn = random.chance(0.85);
  const data = new ByteWriter()
    .hex(exactIn ? "8fbe5adac41e33de" : "37d96256a34ab4ad")
    .u64(exactIn ? fill.userIn : mostIn(fill), exactIn ? leastOut(fill) : fill.userOut)
    .finish();
  const accounts = [
    wallet,
    authority,
    venueAccount(context, "config"),
    pool.address,
    source,
    destination,
    vaultIn(fill),
    vaultOut(fill),
    tokenIn(fill).program,
    tokenOut(fill).program,
    tokenIn(fill).mint,
    tokenOut(fill).mint,
    poolAccount(context, "observation"),
  ];
  return tx.invoke(PROGRAM, accounts, data, 42_000, () => {
    tx.log.say(exactIn ? "Instruction: SwapBaseInput" : "Instruction: SwapBaseOutput");
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, authority));
    const event = new ByteWriter()
      .hex("40c6cde8260871e2")
      .bytes(pool.address.bytes)
      .u64(fill.baseIn ? before.vaultBase : before.vaultQuote)
      .u64(fill.baseIn ? before.vaultQuote : before.vaultBase)
      .u64(fill.userIn, fill.userOut, 0n, 0n)
      .flag(exactIn)
      .bytes(tokenIn(fill).mint.bytes)
      .bytes(tokenOut(fill).mint.bytes)
      .u64(fees.lp, 0n)
      .u8(0);
    tx.log.data(event.finish());
  });
};
