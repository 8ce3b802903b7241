import { VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  openVaults,
  payIn,
  payOut,
  type SwapContext,
  type SwapEncoder,
  sqrtPriceX64,
  venueAccount,
} from "../swap-context.ts";
import { transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.MeteoraDammV2;

/** Meteora's second constant product pools; the events are self-calls. */
export const encodeMeteoraDammV2: SwapEncoder = (context) => {
  const { tx, fill, wallet, source, destination } = context;
  const { pool } = fill;
  const authority = venueAccount(context, "authority");
  const eventAuthority = venueAccount(context, "event-authority");
  openVaults(context, authority);
  const newer = context.random.chance(0.5);
  const data = new ByteWriter()
    .hex(newer ? "414b3f4ceb5b5b88" : "f8c69e91e17587c8")
    .u64(fill.userIn, leastOut(fill));
  if (newer) data.u8(0);
  const accounts = [
    authority,
    pool.address,
    source,
    destination,
    pool.vaultBase,
    pool.vaultQuote,
    pool.base.mint,
    pool.quote.mint,
    wallet,
    pool.base.program,
    pool.quote.program,
    PROGRAM,
    eventAuthority,
    PROGRAM,
  ];
  // The first event alone until autumn 2025, both for some weeks, the second alone since.
  const age = context.random.below(10);
  return tx.invoke(PROGRAM, accounts, data.finish(), 48_000, () => {
    tx.log.say(newer ? "Instruction: Swap2" : "Instruction: Swap");
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, authority));
    if (age < 4) tx.emit(PROGRAM, eventAuthority, firstEvent(context));
    if (age >= 2) tx.emit(PROGRAM, eventAuthority, secondEvent(context));
  });
};

function firstEvent({ fill, time }: SwapContext): Buffer {
  return new ByteWriter()
    .hex("1b3c15d58aaabb93")
    .bytes(fill.pool.address.bytes)
    .flag(!fill.baseIn)
    .flag(false)
    .u64(fill.userIn, leastOut(fill), fill.userOut)
    .u128(sqrtPriceX64(fill.after))
    .u64(fill.fees.lp, 0n, 0n, 0n, fill.userIn, BigInt(time))
    .finish();
}

function secondEvent({ fill, time }: SwapContext): Buffer {
  const { after } = fill;
  return new ByteWriter()
    .hex("bd4233a826507599")
    .bytes(fill.pool.address.bytes)
    .flag(!fill.baseIn)
    .u8(0)
    .flag(false)
    .u64(fill.userIn, leastOut(fill))
    .u8(0)
    .u64(fill.userIn, fill.userIn - fill.fees.lp, 0n, fill.userOut)
    .u128(sqrtPriceX64(after))
    .u64(fill.fees.lp, 0n, 0n, 0n)
    .u64(fill.userIn, fill.userOut, fill.userOut, BigInt(time))
    .u64(after.base, after.quote)
    .finish();
}
