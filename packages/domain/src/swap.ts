import type { RawAmount } from "./brand.ts";
import type { Asset } from "./mint.ts";
import type { Position } from "./position.ts";

/** The venues whose swaps are decoded, as `swap_name` names them. */
export const VENUES = [
  "PumpFun",
  "PumpSwap",
  "RaydiumV4",
  "RaydiumClmm",
  "RaydiumCpmm",
  "OrcaWhirlpool",
  "MeteoraDlmm",
  "MeteoraDammV1",
  "MeteoraDammV2",
  "RaydiumLaunchLab",
  "Moonshot",
  "MeteoraDbc",
] as const;
export type Venue = (typeof VENUES)[number];

/** What makes a swap worth a second look; it is a swap all the same. */
export type SwapFlag =
  /** An amount is zero: it has no price. */
  | "zero-amount"
  /** The same account trades at the same pool in the opposite direction in the same transaction. */
  | "self-trade"
  /** A mint withheld a fee from a transfer: what the pool saw and what the user paid or got differ. */
  | "transfer-fee"
  /** The node cut the transaction's log: what is told by the log alone may be missing. */
  | "log-truncated";

/** What a decoder finds: one exchange of two assets against one pool, named by direction only. */
export interface Swap {
  readonly position: Position;
  /** Transaction signature or hash. */
  readonly tx: string;
  readonly venue: Venue;
  /** Address of the venue's program or contract. */
  readonly program: string;
  /** Address of the pool (the bonding curve on PumpFun). */
  readonly pool: string;
  readonly assetIn: Asset;
  readonly assetOut: Asset;
  /** What the user paid, fees in. */
  readonly userIn: RawAmount;
  /** What the user got. */
  readonly userOut: RawAmount;
  /** What the pool exchanged without fees, where the venue tells it; else as the user's. */
  readonly poolIn: RawAmount;
  readonly poolOut: RawAmount;
  /** The pool's reserves after the swap, where the venue or the block tells them. */
  readonly reserveIn: RawAmount | null;
  readonly reserveOut: RawAmount | null;
  /** The mint that the pool itself names its quote side (pc, token 1, B, Y). */
  readonly quoteMint: string;
  /** The signer or owner who trades. */
  readonly maker: string;
  /** The account that receives, where it is not the maker. */
  readonly recipient: string | null;
  /** Same for all swaps of one routed trade; null for a swap that stands alone. */
  readonly routeId: string | null;
  /** Whether it clamps another's swap in its block (a sandwich); absent where the block was not seen whole. */
  readonly clamp?: boolean;
  readonly flags?: readonly SwapFlag[];
}
