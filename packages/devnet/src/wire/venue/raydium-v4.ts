import { RAYDIUM_V4_AUTHORITY, TOKEN_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  mostIn,
  openVaults,
  payIn,
  payOut,
  poolAccount,
  type SwapContext,
  type SwapEncoder,
  venueAccount,
} from "../swap-context.ts";
import { transfer } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.RaydiumV4;
/** `direction` of the log: what goes in. */
const QUOTE_IN = 1n;
const BASE_IN = 2n;

/** Raydium's first pools: one byte names the instruction, and a log line instead of an event tells the amounts. */
export const encodeRaydiumV4: SwapEncoder = (context) => {
  const { tx, fill, random } = context;
  openVaults(context, RAYDIUM_V4_AUTHORITY);
  const exactOut = random.chance(0.2);
  // The short form without the order book has tags of its own.
  const short = random.chance(0.25);
  const tag = (exactOut ? 11 : 9) + (short ? (exactOut ? 6 : 7) : 0);
  const first = exactOut ? mostIn(fill) : fill.userIn;
  const second = exactOut ? fill.userOut : leastOut(fill);
  const data = new ByteWriter().u8(tag).u64(first, second).finish();
  const accounts = short ? shortAccounts(context) : longAccounts(context);
  return tx.invoke(PROGRAM, accounts, data, 30_500, () => {
    const log = new ByteWriter()
      .u8(exactOut ? 4 : 3)
      .u64(first, second, fill.baseIn ? BASE_IN : QUOTE_IN, fill.userIn * 2n)
      .u64(fill.before.vaultBase, fill.before.vaultQuote, exactOut ? fill.userIn : fill.userOut);
    tx.log.say(`ray_log: ${log.finish().toString("base64")}`);
    transfer(tx, payIn(context));
    transfer(tx, payOut(context, RAYDIUM_V4_AUTHORITY));
  });
};

function shortAccounts({ fill, source, destination, wallet }: SwapContext) {
  const { address, vaultBase, vaultQuote } = fill.pool;
  return [TOKEN_PROGRAM, address, RAYDIUM_V4_AUTHORITY, vaultBase, vaultQuote, source, destination, wallet];
}

/** 18 accounts, or 17 where the pool's target orders are left out. */
function longAccounts(context: SwapContext) {
  const { fill, source, destination, wallet, random } = context;
  const { address, vaultBase, vaultQuote } = fill.pool;
  const orders = [poolAccount(context, "open-orders")];
  if (random.chance(0.5)) orders.push(poolAccount(context, "target-orders"));
  const market = ["market", "bids", "asks", "event-queue", "market-base", "market-quote", "market-signer"];
  return [
    TOKEN_PROGRAM,
    address,
    RAYDIUM_V4_AUTHORITY,
    ...orders,
    vaultBase,
    vaultQuote,
    venueAccount(context, "order-book"),
    ...market.map((role) => poolAccount(context, role)),
    source,
    destination,
    wallet,
  ];
}
