import type { RawAmount, Slot } from "./brand.ts";
import type { ChainName } from "./chain.ts";
import { divideToFloat, powerOfTen } from "./decimal.ts";
import { type Asset, BASE_MINTS, isStable, WSOL_MINT } from "./mint.ts";
import type { PairFacts } from "./pair-facts.ts";
import type { Position } from "./position.ts";
import type { Swap, Venue } from "./swap.ts";

/** Dollars per whole unit, as an integer of 10^-9 dollars: exact to add, to multiply and to send. */
export type NanoUsd = bigint;

/** The block that holds a trade. */
export interface BlockRef {
  readonly chain: ChainName;
  /** Block hash. */
  readonly id: string;
  readonly slot: Slot;
  /** Unix seconds; null where the chain does not know it (very old Solana blocks). */
  readonly time: number | null;
}

/**
 * One trade of a pair. The *base* is what the token is paid in (SOL or another quote asset), as in the
 * seed's messages; `side` is the user's: buy = base in, token out.
 */
export interface Trade {
  readonly block: BlockRef;
  readonly tx: string;
  readonly position: Position;
  readonly venue: Venue;
  readonly program: string;
  readonly pair: string;
  readonly side: "buy" | "sell";
  readonly base: Asset;
  readonly token: Asset;
  /** What the user paid or got, fees in: volume is the sum of these. */
  readonly baseAmount: RawAmount;
  readonly tokenAmount: RawAmount;
  /** What the pool exchanged without fees: the price is their quotient. */
  readonly poolBaseAmount: RawAmount;
  readonly poolTokenAmount: RawAmount;
  readonly baseReserve: RawAmount | null;
  readonly tokenReserve: RawAmount | null;
  /** Dollars per whole base unit at this block; null when unknown. */
  readonly baseUsd: NanoUsd | null;
  readonly maker: string;
  readonly recipient: string | null;
  readonly routeId: string | null;
  /** Whether it clamps another's trade in its block (a sandwich); absent where that is not known. */
  readonly clamp?: boolean;
  /** Absent where nothing is known of the pair but its trades. */
  readonly facts?: PairFacts;
}

/** The name of a trade among all trades, as text: chain, block id, transaction and instruction path. */
export function tradeId(trade: Trade): string {
  const { outer, inner, hop } = trade.position;
  return `${trade.block.chain}:${trade.block.id}:${trade.tx}:${outer}.${inner ?? "-"}.${hop}`;
}

/** Makes the trade of a swap: chooses the base side by mint and attaches the block's price of SOL. */
export function tradeOfSwap(
  swap: Swap,
  block: BlockRef,
  solUsd: NanoUsd | null,
  baseMints: readonly string[] = BASE_MINTS,
): Trade {
  const buy = baseMintOf(swap, baseMints) === swap.assetIn.mint;
  const base = buy ? swap.assetIn : swap.assetOut;
  return {
    block,
    tx: swap.tx,
    position: swap.position,
    venue: swap.venue,
    program: swap.program,
    pair: swap.pool,
    side: buy ? "buy" : "sell",
    base,
    token: buy ? swap.assetOut : swap.assetIn,
    baseAmount: buy ? swap.userIn : swap.userOut,
    tokenAmount: buy ? swap.userOut : swap.userIn,
    poolBaseAmount: buy ? swap.poolIn : swap.poolOut,
    poolTokenAmount: buy ? swap.poolOut : swap.poolIn,
    baseReserve: buy ? swap.reserveIn : swap.reserveOut,
    tokenReserve: buy ? swap.reserveOut : swap.reserveIn,
    baseUsd: usdOfMint(base.mint, solUsd),
    maker: swap.maker,
    recipient: swap.recipient,
    routeId: swap.routeId,
    ...(swap.clamp === undefined ? {} : { clamp: swap.clamp }),
  };
}

function baseMintOf(swap: Swap, baseMints: readonly string[]): string {
  for (const mint of baseMints) {
    if (mint === swap.assetIn.mint || mint === swap.assetOut.mint) return mint;
  }
  return swap.quoteMint;
}

/** Dollars per whole unit of a base mint: a stable is one dollar, SOL is what the block says, else unknown. */
export function usdOfMint(mint: string, solUsd: NanoUsd | null): NanoUsd | null {
  if (isStable(mint)) return ONE_USD;
  return mint === WSOL_MINT ? solUsd : null;
}

/** One dollar in nano-dollars. */
export const ONE_USD: NanoUsd = 1_000_000_000n;

/** Why a trade has no price. */
export type NoPrice = "zero-amount" | "unknown-usd";

/** Base units per token from what the pool exchanged; null where a side is zero. */
export function priceInBase(trade: Trade): number | null {
  const { poolBaseAmount, poolTokenAmount, base, token } = trade;
  if (poolBaseAmount === 0n || poolTokenAmount === 0n) return null;
  return divideToFloat(
    poolBaseAmount * powerOfTen(token.decimals),
    poolTokenAmount * powerOfTen(base.decimals),
  );
}

/** Dollars per token: one rounded division of exact integers; null where a side is zero or the base has no known price. */
export function priceInUsd(trade: Trade): number | null {
  const { poolBaseAmount, poolTokenAmount, base, token, baseUsd } = trade;
  if (baseUsd === null || baseUsd === 0n || poolBaseAmount === 0n || poolTokenAmount === 0n) return null;
  return divideToFloat(
    poolBaseAmount * baseUsd * powerOfTen(token.decimals),
    poolTokenAmount * powerOfTen(base.decimals + 9),
  );
}

/** The user's base amount in dollars, exactly, in units of 10^-(base decimals + 9) dollars; null when unknown. */
export function usdVolume(trade: Trade): bigint | null {
  return trade.baseUsd === null ? null : trade.baseAmount * trade.baseUsd;
}
