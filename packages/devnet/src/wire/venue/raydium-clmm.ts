import { vaultIn, vaultOut } from "../../chain/fill.ts";
import { MEMO_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  liquidityOf,
  mostIn,
  openVaults,
  payIn,
  payOut,
  poolAccount,
  type SwapContext,
  type SwapEncoder,
  sqrtPriceX64,
  userBase,
  userQuote,
  venueAccount,
} from "../swap-context.ts";
import { transfer, transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.RaydiumClmm;

/** Raydium's concentrated pools; the event stands only in the log. */
export const encodeRaydiumClmm: SwapEncoder = (context) => {
  const { tx, fill, random, wallet, source, destination } = context;
  const { pool } = fill;
  openVaults(context, pool.address);
  const checked =
    pool.base.program !== TOKEN_PROGRAM || pool.quote.program !== TOKEN_PROGRAM || random.chance(0.6);
  const exactIn = random.chance(0.9);
  const data = new ByteWriter()
    .hex(checked ? "2b04ed0b1ac91e62" : "f8c69e91e17587c8")
    .u64(exactIn ? fill.userIn : fill.userOut, exactIn ? leastOut(fill) : mostIn(fill))
    .u128(0n)
    .flag(exactIn)
    .finish();
  const head = [
    wallet,
    venueAccount(context, "config"),
    pool.address,
    source,
    destination,
    vaultIn(fill),
    vaultOut(fill),
    poolAccount(context, "observation"),
    TOKEN_PROGRAM,
  ];
  const mints = fill.baseIn ? [pool.base.mint, pool.quote.mint] : [pool.quote.mint, pool.base.mint];
  const newer = checked ? [TOKEN_2022_PROGRAM, MEMO_PROGRAM, ...mints] : [];
  const ticks = [poolAccount(context, "ticks-0"), poolAccount(context, "ticks-1")];
  const move = checked ? transferChecked : transfer;
  return tx.invoke(PROGRAM, [...head, ...newer, ...ticks], data, 85_000, () => {
    tx.log.say(checked ? "Instruction: SwapV2" : "Instruction: Swap");
    move(tx, payIn(context));
    move(tx, payOut(context, pool.address));
    tx.log.data(swapEvent(context));
  });
};

/** SwapEvent, with the price after the swap. */
function swapEvent(context: SwapContext): Buffer {
  const { fill, wallet, random } = context;
  const { pool, after, fees } = fill;
  const sqrtPrice = sqrtPriceX64(after);
  const amount0 = fill.baseIn ? fill.userIn : fill.userOut;
  const amount1 = fill.baseIn ? fill.userOut : fill.userIn;
  const tick = Math.floor((2 * Math.log(Number(sqrtPrice) / 2 ** 64)) / Math.log(1.0001));
  const event = new ByteWriter()
    .hex("40c6cde8260871e2")
    .bytes(pool.address.bytes)
    .bytes(wallet.bytes)
    .bytes(userBase(context).bytes)
    .bytes(userQuote(context).bytes)
    .u64(amount0, 0n, amount1, 0n)
    .flag(fill.baseIn)
    .u128(sqrtPrice)
    .u128(liquidityOf(after))
    .i32(tick);
  // Appended in 2026.
  if (random.chance(0.7)) event.u64(fill.baseIn ? fees.lp : 0n, fill.baseIn ? 0n : fees.lp);
  return event.finish();
}
