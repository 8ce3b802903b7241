import { WSOL_MINT } from "@candlewick/domain";
import { discriminator, isZeroKey, readKey, readU8, readU32, readU64 } from "../little-endian.ts";
import { logEvents, type ProgramEvent, selfCpiEvents } from "./event.ts";
import { type Fill, NOT_A_SWAP, type Outcome, type ReserveSource, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { derivedAddress } from "./program-address.ts";
import { PUMPFUN_PROGRAM } from "./programs.ts";
import { pumpfunPools } from "./pumpfun-pools.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Trades by the place of the bonding curve in their accounts; null: only the events' coins tell the curves. */
const TRADES: ReadonlyMap<string, number | null> = new Map([
  ["66063d1201daebea", 3], // buy
  ["33e685a4017f83ad", 3], // sell
  ["38fc74089edfcd5f", 3], // buy_exact_sol_in
  ["b817ee6167c5d33d", 10], // buy_v2
  ["5df6823ce7e940b2", 10], // sell_v2
  ["c2ab1c46684d5b2f", 10], // buy_exact_quote_in_v2
  ["07051dc4f5176550", 5], // buy_v3
  ["1c92de7726c469d5", 5], // sell_v3
  ["e1f7501ed5b38488", 5], // buy_exact_quote_in_v3
  ["e19a7516d756f667", null], // multi_hop_curve_swap
]);

const TRADE_EVENT = "bddb7fd34ee661ee";
const POST_COMPLETE_BUY_EVENT = "6fb06d8b316cd5fb";

/**
 * Every trade leaves an event, whatever the instruction is called: a route through several curves leaves
 * several, and the buy that completes a curve leaves a second one for what it took at the future pool's price.
 */
function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const curvePlace = TRADES.get(discriminator(data));
  let events = selfCpiEvents(transaction, instruction).filter(isTrade);
  if (events.length === 0 && curvePlace === undefined) return NOT_A_SWAP;
  // The same bytes are written to the log too: they only count where the self-call is not recorded.
  if (events.length === 0) events = logEvents(transaction, instruction).filter(isTrade);
  if (events.length === 0) return ["no-event"];
  const named = curvePlace == null ? null : transaction.address(instruction.account(curvePlace));
  return events.map(({ name, bytes }) => {
    if (name === POST_COMPLETE_BUY_EVENT) return completingFill(bytes);
    const trade = readTrade(bytes);
    if (trade === null) return "malformed-event";
    const curve = named ?? curveOf(transaction, trade.coin);
    return curve === null ? "malformed-instruction" : fillOfTrade(trade, curve);
  });
}

function isTrade({ name }: ProgramEvent): boolean {
  return name === TRADE_EVENT || name === POST_COMPLETE_BUY_EVENT;
}

/** The curve of a coin, an address derived from its mint, where it is among the transaction's accounts. */
function curveOf(transaction: SolanaTransaction, coin: Uint8Array): string | null {
  return derivedAddress(PUMPFUN_PROGRAM, ["bonding-curve", coin], new Set(transaction.keys));
}

interface Trade {
  readonly coin: Uint8Array;
  readonly isBuy: boolean;
  readonly user: string;
  readonly quoteMint: string;
  /** Without fees. */
  readonly quoteAmount: bigint;
  readonly coinAmount: bigint;
  /** What the buyer pays on top, and what the seller's proceeds are reduced by. */
  readonly fees: bigint;
  readonly quoteReserve: bigint | null;
  readonly coinReserve: bigint | null;
}

/** Reads a TradeEvent of any generation: fields were only ever appended. */
function readTrade(bytes: Uint8Array): Trade | null {
  if (bytes.length < 113) return null;
  const optional = (offset: number) => (bytes.length >= offset + 8 ? readU64(bytes, offset) : null);
  const tail = readQuoteTail(bytes);
  const quoted = tail?.quoted ?? null;
  return {
    coin: bytes.subarray(8, 40),
    isBuy: readU8(bytes, 56) !== 0,
    user: readKey(bytes, 57),
    quoteMint: quoted?.mint ?? WSOL_MINT,
    quoteAmount: quoted?.amount ?? readU64(bytes, 40),
    coinAmount: readU64(bytes, 48),
    // On a coin with cashback the creator's fee goes back to traders and is told apart from it.
    fees: (optional(169) ?? 0n) + (optional(217) ?? 0n) + (tail?.cashback ?? 0n),
    quoteReserve: quoted?.reserve ?? optional(113),
    coinReserve: optional(121),
  };
}

interface QuoteTail {
  readonly cashback: bigint;
  /** The trade in another quote than native SOL, for which the event's SOL fields are zero. */
  readonly quoted: { readonly mint: string; readonly amount: bigint; readonly reserve: bigint } | null;
}

/** What stands behind the instruction's name, a text of variable length, and the list of shareholders. */
function readQuoteTail(bytes: Uint8Array): QuoteTail | null {
  const nameLength = 258;
  if (bytes.length < nameLength + 4) return null;
  const mayhem = nameLength + 4 + readU32(bytes, nameLength);
  const cashback = mayhem + 9;
  if (bytes.length < cashback + 8) return null;
  const paidBack = readU64(bytes, cashback);
  const shareholders = cashback + 24;
  if (bytes.length < shareholders + 4) return { cashback: paidBack, quoted: null };
  const quoteMint = shareholders + 4 + 34 * readU32(bytes, shareholders);
  if (bytes.length < quoteMint + 56 || isZeroKey(bytes, quoteMint)) {
    return { cashback: paidBack, quoted: null };
  }
  const [amount, reserve] = [readU64(bytes, quoteMint + 32), readU64(bytes, quoteMint + 48)];
  return { cashback: paidBack, quoted: { mint: readKey(bytes, quoteMint), amount, reserve } };
}

function fillOfTrade(trade: Trade, pool: string): Fill | "malformed-event" {
  const { isBuy, coinAmount, quoteAmount, fees, quoteMint, quoteReserve, coinReserve } = trade;
  if (!isBuy && fees > quoteAmount) return "malformed-event";
  const coin = readKey(trade.coin, 0);
  const common = { pool, quoteMint, maker: trade.user, destination: null };
  if (isBuy) {
    return {
      ...common,
      mintIn: quoteMint,
      mintOut: coin,
      userIn: quoteAmount + fees,
      userOut: coinAmount,
      poolIn: quoteAmount,
      poolOut: coinAmount,
      reserves: told(quoteReserve, coinReserve),
    };
  }
  return {
    ...common,
    mintIn: coin,
    mintOut: quoteMint,
    userIn: coinAmount,
    userOut: quoteAmount - fees,
    poolIn: coinAmount,
    poolOut: quoteAmount,
    reserves: told(coinReserve, quoteReserve),
  };
}

function told(reserveIn: bigint | null, reserveOut: bigint | null): ReserveSource {
  if (reserveIn === null || reserveOut === null) return { kind: "unknown" };
  return { kind: "told", in: reserveIn, out: reserveOut };
}

/** The part of the completing buy that is filled from the tokens set aside for the pool, after the curve's own part. */
function completingFill(bytes: Uint8Array): Fill | "malformed-event" {
  if (bytes.length < 232) return "malformed-event";
  const [coinAmount, quoteAmount] = [readU64(bytes, 144), readU64(bytes, 152)];
  const quoteMint = isZeroKey(bytes, 104) ? WSOL_MINT : readKey(bytes, 104);
  return {
    pool: readKey(bytes, 72),
    mintIn: quoteMint,
    mintOut: readKey(bytes, 40),
    userIn: quoteAmount + readU64(bytes, 168) + readU64(bytes, 184),
    userOut: coinAmount,
    poolIn: quoteAmount,
    poolOut: coinAmount,
    reserves: told(readU64(bytes, 224), readU64(bytes, 216)),
    quoteMint,
    maker: readKey(bytes, 8),
    destination: null,
  };
}

/** PumpFun's bonding curves: every trade is an event by self-call; its amounts are without fees. */
export const pumpfun: VenueDecoder = {
  venue: "PumpFun",
  program: PUMPFUN_PROGRAM,
  decode,
  pools: pumpfunPools,
};
