import { total } from "../../chain/fill.ts";
import { SYSTEM_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  mostIn,
  openVaults,
  payIn,
  payOut,
  type SwapContext,
  type SwapEncoder,
  userBase,
  userQuote,
  venueAccount,
} from "../swap-context.ts";
import { transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.RaydiumLaunchLab;

/** Raydium's launch curves; the event is a self-call and a line of log. Fees stay in the quote vault. */
export const encodeRaydiumLaunchLab: SwapEncoder = (context) => {
  const { tx, fill, wallet, random } = context;
  const { pool } = fill;
  const authority = venueAccount(context, "authority");
  const eventAuthority = venueAccount(context, "event-authority");
  openVaults(context, authority);
  const exactIn = random.chance(0.7);
  const accounts = [
    wallet,
    authority,
    venueAccount(context, "global-config"),
    venueAccount(context, "platform-config"),
    pool.address,
    userBase(context),
    userQuote(context),
    pool.vaultBase,
    pool.vaultQuote,
    pool.base.mint,
    pool.quote.mint,
    pool.base.program,
    pool.quote.program,
    eventAuthority,
    PROGRAM,
    SYSTEM_PROGRAM,
  ];
  const { name, id } = FORMS[fill.baseIn ? "sell" : "buy"][exactIn ? "in" : "out"];
  const data = new ByteWriter().hex(id);
  if (exactIn) data.u64(fill.userIn, leastOut(fill), 0n);
  else data.u64(fill.userOut, mostIn(fill), 0n);
  return tx.invoke(PROGRAM, accounts, data.finish(), 52_000, () => {
    tx.log.say(`Instruction: ${name}`);
    const event = tradeEvent(context, exactIn);
    tx.log.data(event);
    tx.emit(PROGRAM, eventAuthority, event);
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, authority));
  });
};

const FORMS = {
  buy: {
    in: { name: "BuyExactIn", id: "faea0d7bd59c13ec" },
    out: { name: "BuyExactOut", id: "18d3742869039938" },
  },
  sell: {
    in: { name: "SellExactIn", id: "9527de9bd37c981a" },
    out: { name: "SellExactOut", id: "5fc8472208090ba6" },
  },
} as const;

/** The curve starts with more than any pool holds, so that what is sold of it is never negative. */
const VIRTUAL_BASE = 2n ** 63n;

function tradeEvent({ fill }: SwapContext, exactIn: boolean): Buffer {
  const { before, after, fees } = fill;
  const virtualQuote = before.quote / 4n;
  const fee = total(fees);
  return new ByteWriter()
    .hex("bddb7fd34ee661ee")
    .bytes(fill.pool.address.bytes)
    .u64(793_100_000_000_000n, VIRTUAL_BASE, virtualQuote)
    .u64(VIRTUAL_BASE - before.base, before.quote - virtualQuote)
    .u64(VIRTUAL_BASE - after.base, after.quote - virtualQuote)
    .u64(fill.userIn, fill.userOut, fee / 4n, fee - fee / 4n, 0n, 0n)
    .flag(fill.baseIn)
    .u8(0)
    .flag(exactIn)
    .finish();
}
