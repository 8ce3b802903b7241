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

const PROGRAM = VENUE_PROGRAMS.MeteoraDbc;

/** Meteora's dynamic bonding curves; the events are self-calls. */
export const encodeMeteoraDbc: SwapEncoder = (context) => {
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
    configOf(context),
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
  // The first event alone at first, then both, then the second alone.
  const age = context.random.below(10);
  return tx.invoke(PROGRAM, accounts, data.finish(), 57_000, () => {
    tx.log.say(newer ? "Instruction: Swap2" : "Instruction: Swap");
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, authority));
    if (age < 7) tx.emit(PROGRAM, eventAuthority, firstEvent(context));
    if (age >= 3) tx.emit(PROGRAM, eventAuthority, secondEvent(context));
  });
};

function configOf(context: SwapContext) {
  return venueAccount(context, `config-${context.fill.pool.variant % 4}`);
}

function firstEvent(context: SwapContext): Buffer {
  const { fill, time } = context;
  return new ByteWriter()
    .hex("1b3c15d58aaabb93")
    .bytes(fill.pool.address.bytes)
    .bytes(configOf(context).bytes)
    .flag(!fill.baseIn)
    .flag(false)
    .u64(fill.userIn, leastOut(fill), fill.userIn, fill.userOut)
    .u128(sqrtPriceX64(fill.after))
    .u64(fill.fees.lp, 0n, 0n, fill.userIn, BigInt(time))
    .finish();
}

function secondEvent(context: SwapContext): Buffer {
  const { fill, time } = context;
  return new ByteWriter()
    .hex("bd4233a826507599")
    .bytes(fill.pool.address.bytes)
    .bytes(configOf(context).bytes)
    .flag(!fill.baseIn)
    .flag(false)
    .u64(fill.userIn, leastOut(fill))
    .u8(0)
    .u64(fill.userIn, fill.userIn - fill.fees.lp, 0n, fill.userOut)
    .u128(sqrtPriceX64(fill.after))
    .u64(fill.fees.lp, 0n, 0n)
    .u64(fill.after.quote, 85_000_000_000n, BigInt(time))
    .finish();
}
