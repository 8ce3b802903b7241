import type { Swap, Venue } from "@candlewick/domain";
import { DexParser } from "solana-dex-parser";
import type { Json } from "./recorded-data.ts";

/** The venues' names in solana-dex-parser. */
const VENUE_OF: Readonly<Record<string, Venue>> = {
  Pumpfun: "PumpFun",
  Pumpswap: "PumpSwap",
  RaydiumV4: "RaydiumV4",
  RaydiumCL: "RaydiumClmm",
  RaydiumCPMM: "RaydiumCpmm",
  RaydiumLaunchpad: "RaydiumLaunchLab",
  Orca: "OrcaWhirlpool",
  MeteoraDLMM: "MeteoraDlmm",
  MeteoraDamm: "MeteoraDammV1",
  MeteoraDammV2: "MeteoraDammV2",
  MeteoraDBC: "MeteoraDbc",
  Moonit: "Moonshot",
};

/** What solana-dex-parser found: one exchange, with amounts as it understands them. */
export interface OtherTrade {
  readonly venue: Venue;
  readonly mintIn: string;
  readonly mintOut: string;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
}

/**
 * How the two compare on one swap. `equal`: both amounts are the user's. `pool`: they are the pool's, or mixed,
 * where fees make these differ. The others are differences, each of which has its row in docs/decoders.md.
 */
export type Verdict = "equal" | "pool" | "amounts" | "only-ours" | "only-theirs" | "turned";

export interface Comparison {
  readonly verdict: Verdict;
  readonly venue: Venue;
  readonly ours: Swap | null;
  readonly theirs: OtherTrade | null;
}

const parser = new DexParser();

/** What the other decoder finds in a transaction at the venues that we know; the rest it names is counted in `others`. */
export function otherTrades(transaction: Json, slot: number, others: Map<string, number>): OtherTrade[] {
  const input = { blockTime: 0, ...transaction, slot } as unknown as Parameters<DexParser["parseTrades"]>[0];
  const trades: OtherTrade[] = [];
  for (const { amm = "", inputToken, outputToken } of quietly(() => parser.parseTrades(input, OPTIONS))) {
    const venue = VENUE_OF[amm];
    if (venue === undefined) {
      others.set(amm, (others.get(amm) ?? 0) + 1);
      continue;
    }
    trades.push({
      venue,
      mintIn: inputToken.mint,
      mintOut: outputToken.mint,
      amountIn: BigInt(inputToken.amountRaw),
      amountOut: BigInt(outputToken.amountRaw),
    });
  }
  return trades;
}

const OPTIONS = { tryUnknowDEX: false };

/** It writes what it fails on to the console, and answers with nothing. */
function quietly<Result>(run: () => Result): Result {
  const write = console.error;
  console.error = () => {};
  try {
    return run();
  } finally {
    console.error = write;
  }
}

/** Compares what both found in one transaction, each swap with the one that fits it best. */
export function compare(ours: readonly Swap[], theirs: readonly OtherTrade[]): Comparison[] {
  const left = [...ours];
  const results: Comparison[] = [];
  const pairUp = (wanted: readonly Verdict[], rest: readonly OtherTrade[]): OtherTrade[] =>
    rest.filter((trade) => {
      const at = left.findIndex((swap) => wanted.includes(verdictOf(swap, trade)));
      const swap = left[at];
      if (swap === undefined) return true;
      results.push({ verdict: verdictOf(swap, trade), venue: trade.venue, ours: swap, theirs: trade });
      left.splice(at, 1);
      return false;
    });
  const unmatched = pairUp(["amounts", "turned"], pairUp(["pool"], pairUp(["equal"], theirs)));
  for (const trade of unmatched) {
    results.push({ verdict: "only-theirs", venue: trade.venue, ours: null, theirs: trade });
  }
  for (const swap of left)
    results.push({ verdict: "only-ours", venue: swap.venue, ours: swap, theirs: null });
  return results;
}

function verdictOf(swap: Swap, trade: OtherTrade): Verdict {
  if (swap.venue !== trade.venue) return "only-theirs";
  const { assetIn, assetOut, userIn, userOut, poolIn, poolOut } = swap;
  if (assetIn.mint === trade.mintOut && assetOut.mint === trade.mintIn) return "turned";
  const sameIn = assetIn.mint === trade.mintIn && userIn === trade.amountIn;
  const sameOut = assetOut.mint === trade.mintOut && userOut === trade.amountOut;
  if (assetIn.mint !== trade.mintIn || assetOut.mint !== trade.mintOut) {
    return sameIn || sameOut ? "amounts" : "only-theirs";
  }
  if (userIn === trade.amountIn && userOut === trade.amountOut) return "equal";
  const known =
    [userIn, poolIn].includes(trade.amountIn as never) &&
    [userOut, poolOut].includes(trade.amountOut as never);
  return known ? "pool" : "amounts";
}

/** Why solana-dex-parser 2.6.7 says something else; the rows of the table in docs/decoders.md. */
export type Explanation =
  /** It tells what the pool exchanged, where the user paid or got something else by fees. */
  | "pool amounts"
  /** PumpSwap: it tells what went into the vault: fees of the liquidity providers are in, the others are not. */
  | "vault amounts"
  /** It takes the two hops of one instruction of Orca's for one swap from end to end. */
  | "two hops as one"
  /** It does not know the instruction. */
  | "newer instruction"
  /** It does not know that a PumpFun coin can be quoted in another token than SOL: it reads the empty SOL fields. */
  | "another quote"
  /** An instruction that it does not know takes the whole transaction's trades with it. */
  | "whole transaction"
  /** Moonshot: it takes what a seller got from the change of balances, with all else that changed them, or of another token's. */
  | "balance change"
  /** It takes what a router says that it handed to the pool, some of which came back or went to fees. */
  | "router amounts"
  /** DAMM v1: it leaves out the part of the input that goes to the protocol. */
  | "protocol fee left out";

/** Instructions of PumpSwap and PumpFun of October 2026, which it cannot know. */
const NEWER: ReadonlySet<string> = new Set([
  "b817ee6167c5d33d",
  "5df6823ce7e940b2",
  "c2ab1c46684d5b2f",
  "07051dc4f5176550",
  "e1f7501ed5b38488",
  "1c92de7726c469d5",
]);

/** The names of the instructions that gave our swaps, in hexadecimal. */
export interface InstructionNames {
  of(swap: Swap): string;
}

/** Explains a difference; null for one that nobody has explained yet. */
export function explain(
  { verdict, venue, ours, theirs }: Comparison,
  all: readonly Swap[],
  theirCount: number,
  names: InstructionNames,
): Explanation | null {
  if (verdict === "pool") return "pool amounts";
  if (verdict === "only-ours" && ours !== null) return explainMissing(ours, all, theirCount, names);
  if (verdict === "only-theirs" && theirs !== null) {
    if (venue === "OrcaWhirlpool" && isEndToEnd(theirs, all)) return "two hops as one";
    return venue === "PumpFun" && (theirs.amountIn === 0n || theirs.amountOut === 0n)
      ? "another quote"
      : null;
  }
  if (verdict !== "amounts" || ours === null || theirs === null) return null;
  const between = (amount: bigint, a: bigint, b: bigint) =>
    amount >= (a < b ? a : b) && amount <= (a < b ? b : a);
  const within =
    between(theirs.amountIn, ours.userIn, ours.poolIn) &&
    between(theirs.amountOut, ours.userOut, ours.poolOut);
  if (venue === "PumpSwap" && within) return "vault amounts";
  const coinSide = theirs.amountIn === ours.userIn || theirs.amountOut === ours.userOut;
  const severalOnes = all.filter((other) => other.venue === "Moonshot").length > 1;
  if (venue === "Moonshot" && (coinSide || severalOnes)) return "balance change";
  const isEmpty = theirs.amountIn === 0n || theirs.amountOut === 0n;
  if (venue === "PumpFun" && isEmpty && ours.quoteMint !== SOL) return "another quote";
  if (venue === "OrcaWhirlpool" && isEndToEnd(theirs, all)) return "two hops as one";
  const outEqual = theirs.amountOut === ours.userOut;
  // At most the hundredth that PumpFun charged when its event did not tell fees yet.
  const little = theirs.amountIn >= ours.userIn && theirs.amountIn <= ours.userIn + ours.userIn / 98n;
  if (venue.startsWith("Pump") && ours.position.inner !== null && outEqual && little) return "router amounts";
  if (venue === "MeteoraDammV1" && theirs.amountIn < ours.userIn && theirs.amountOut === ours.userOut) {
    return "protocol fee left out";
  }
  return null;
}

function explainMissing(
  swap: Swap,
  all: readonly Swap[],
  theirCount: number,
  names: InstructionNames,
): Explanation | null {
  const { venue, position } = swap;
  const isNewer = (other: Swap) =>
    NEWER.has(names.of(other)) && ["PumpSwap", "PumpFun"].includes(other.venue);
  if (isNewer(swap))
    return swap.quoteMint === SOL || venue === "PumpSwap" ? "newer instruction" : "another quote";
  const hops = all.filter(
    (other) => other.position.outer === position.outer && other.position.inner === position.inner,
  );
  if (venue === "OrcaWhirlpool" && hops.length === 2 && theirCount > 0) return "two hops as one";
  return theirCount === 0 && all.some(isNewer) ? "whole transaction" : null;
}

const SOL = "So11111111111111111111111111111111111111112";

function isEndToEnd(trade: OtherTrade, all: readonly Swap[]): boolean {
  return all.some(({ venue, assetIn, userIn, position }) => {
    const begins = venue === "OrcaWhirlpool" && assetIn.mint === trade.mintIn && userIn === trade.amountIn;
    return begins && all.some((end) => isNextHop(end, position) && end.userOut === trade.amountOut);
  });
}

function isNextHop({ position, venue }: Swap, before: Swap["position"]): boolean {
  const same = position.outer === before.outer && position.inner === before.inner;
  return venue === "OrcaWhirlpool" && same && position.hop === before.hop + 1;
}
