import type { Coin } from "./coin.ts";
import type { Fill } from "./fill.ts";

/** How the swaps of a transaction are called: by the user, one after the other; under a router; as one Orca instruction. */
export type SwapShape = "direct" | "routed" | "two-hop";

/** What a transaction of a block does, before it is written. */
export type PlannedTransaction =
  | { readonly kind: "vote"; readonly validator: number }
  | {
      readonly kind: "swaps";
      readonly trader: number;
      readonly shape: SwapShape;
      readonly fills: readonly Fill[];
      readonly failed: boolean;
    }
  /** A new coin, with its maker's first buy where there is one. */
  | { readonly kind: "launch"; readonly coin: Coin; readonly firstBuy: Fill | null }
  /** The buy that fills a curve. */
  | { readonly kind: "completion"; readonly trader: number; readonly coin: Coin; readonly fill: Fill }
  | { readonly kind: "migration"; readonly coin: Coin }
  /** Things that are no trade and must not be taken for one. */
  | { readonly kind: "decoy"; readonly decoy: Decoy; readonly trader: number; readonly fill: Fill };

/** `imitation`: an unknown program that logs what a venue logs; `liquidity`: a deposit; `payment`: a plain transfer. */
export type Decoy = "imitation" | "liquidity" | "payment";

export interface BlockPlan {
  readonly slot: number;
  readonly index: number;
  readonly transactions: readonly PlannedTransaction[];
}
