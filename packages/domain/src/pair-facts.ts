import type { RawAmount, Slot } from "./brand.ts";
import { divideToFloat, powerOfTen } from "./decimal.ts";
import { knownSymbol } from "./mint.ts";
import type { TokenFacts } from "./token-facts.ts";
import type { Trade } from "./trade.ts";

/** What is known of a trade's pair beside its trades; null is what is not known. */
export interface PairFacts {
  readonly baseSymbol: string | null;
  readonly tokenSymbol: string | null;
  readonly tokenName: string | null;
  /** All units of the token that exist, in its smallest unit. */
  readonly tokenSupply: RawAmount | null;
  /** Where the pair began to exist. */
  readonly createdSlot: Slot | null;
  /** Unix seconds. */
  readonly createdTime: number | null;
}

/** A pair's facts from those of its tokens and its creation. Symbols that are known by address outrank claims. */
export function pairFacts(
  pair: Pick<Trade, "base" | "token">,
  known: {
    readonly base: TokenFacts | null;
    readonly token: TokenFacts | null;
    readonly created: { readonly slot: Slot; readonly time: number | null } | null;
  },
): PairFacts {
  const { base, token, created } = known;
  return {
    // An empty claim is none.
    baseSymbol: knownSymbol(pair.base.mint) ?? (base?.symbol || null),
    tokenSymbol: knownSymbol(pair.token.mint) ?? (token?.symbol || null),
    tokenName: token?.name || null,
    tokenSupply: token?.supply ?? null,
    createdSlot: created?.slot ?? null,
    createdTime: created?.time ?? null,
  };
}

/**
 * Dollars that `supply` units of the token are worth at a trade's price: one rounded division of exact
 * integers, in which the token's decimals cancel out. Null where the price is not known.
 */
export function valueOfSupply(trade: Trade, supply: RawAmount | null): number | null {
  const { poolBaseAmount, poolTokenAmount, base, baseUsd } = trade;
  if (supply === null || baseUsd === null || baseUsd === 0n) return null;
  if (poolBaseAmount === 0n || poolTokenAmount === 0n) return null;
  return divideToFloat(poolBaseAmount * baseUsd * supply, poolTokenAmount * powerOfTen(base.decimals + 9));
}

/**
 * Dollars that `supply` units of a token of so many decimals are worth at a price: the product of the float64
 * as it is, rounded once. Null where either is not known.
 */
export function valueAtPrice(
  priceUsd: number | null,
  supply: RawAmount | null,
  decimals: number,
): number | null {
  if (priceUsd === null || supply === null || !(priceUsd >= 0 && Number.isFinite(priceUsd))) return null;
  // A float64 is an integer after at most 1074 doublings, which are exact.
  let whole = priceUsd;
  let doublings = 0n;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    doublings += 1n;
  }
  return divideToFloat(BigInt(whole) * supply, powerOfTen(decimals) << doublings);
}
