import { isStable, WSOL_MINT } from "./mint.ts";
import type { Swap } from "./swap.ts";
import type { NanoUsd } from "./trade.ts";

/** The running price of SOL: what the last block that told one said, and when. */
export interface SolPrice {
  readonly usd: NanoUsd;
  readonly slot: number;
  /** Unix seconds of that block. */
  readonly time: number;
}

/** How a block's own swaps become a price. */
export interface SolPriceRule {
  /** Older than this the price is unknown, in seconds. */
  readonly maxAgeSeconds: number;
  /** A block whose SOL/stable swaps together are below this many dollars only counts where no fresh price is known. */
  readonly minVolumeUsd: number;
}

export const DEFAULT_SOL_PRICE_RULE: SolPriceRule = { maxAgeSeconds: 600, minVolumeUsd: 10 };

/**
 * The price after a block: volume weighted over the block's own swaps between SOL and a stable, from the
 * pools' amounts. Pure: the price at a block depends only on the blocks before it, so that a block decoded
 * again after a crash gets the same price.
 */
export function nextSolPrice(
  last: SolPrice | null,
  block: { slot: number; time: number | null },
  swaps: readonly Swap[],
  rule: SolPriceRule = DEFAULT_SOL_PRICE_RULE,
): SolPrice | null {
  const time = block.time;
  if (time === null) return null;
  const fresh = last !== null && time - last.time <= rule.maxAgeSeconds ? last : null;
  const { sol, microUsd } = solAgainstStable(swaps);
  if (sol === 0n || microUsd === 0n) return fresh;
  if (fresh !== null && microUsd < BigInt(Math.round(rule.minVolumeUsd * 1e6))) return fresh;
  // lamports are 10^-9 SOL and stables 10^-6 dollars: (micro / 10^6) / (lamports / 10^9) * 10^9, to the nearest.
  const usd = (microUsd * 1_000_000_000_000n + sol / 2n) / sol;
  return usd > 0n && usd < MAX_PRICE ? { usd, slot: block.slot, time } : fresh;
}

/**
 * What rounding of a few lamports can make of a price is not one: a million dollars and more is not
 * believed. Below it, nano-dollars survive a float64 in JSON.
 */
const MAX_PRICE: NanoUsd = 1_000_000n * 1_000_000_000n;

function solAgainstStable(swaps: readonly Swap[]): { sol: bigint; microUsd: bigint } {
  let sol = 0n;
  let microUsd = 0n;
  for (const swap of swaps) {
    if (swap.assetIn.mint === WSOL_MINT && isStable(swap.assetOut.mint)) {
      sol += swap.poolIn;
      microUsd += swap.poolOut;
    } else if (swap.assetOut.mint === WSOL_MINT && isStable(swap.assetIn.mint)) {
      sol += swap.poolOut;
      microUsd += swap.poolIn;
    }
  }
  return { sol, microUsd };
}
