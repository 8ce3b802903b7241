import type { Slot } from "./brand.ts";
import type { ChainName } from "./chain.ts";
import type { NanoUsd } from "./trade.ts";

/** What is known of a slot. The first three are canonical as far as known; the others carry no trades that count. */
export type BlockStatus = "processed" | "confirmed" | "finalized" | "orphaned" | "skipped" | "failed";

/** The record of one slot on `sol-blocks`. */
export interface BlockRecord {
  readonly chain: ChainName;
  readonly slot: Slot;
  readonly status: BlockStatus;
  /** Block hash; null for a slot without a block (skipped, failed). */
  readonly id: string | null;
  readonly parentSlot: Slot | null;
  readonly parentId: string | null;
  readonly height: number | null;
  /** Unix seconds. */
  readonly time: number | null;
  /** How many trades the block's messages carry together, so that a reader can tell that it has them all. */
  readonly tradeCount: number;
  /** Dollars per SOL (or ETH) that the block's trades were priced with; null when unknown. */
  readonly nativeUsd: NanoUsd | null;
  /** The slot whose swaps told that price. */
  readonly nativeUsdSlot: Slot | null;
}

/** Whether a block with that status makes its trades count. */
export function isCanonical(status: BlockStatus): boolean {
  return status === "processed" || status === "confirmed" || status === "finalized";
}
