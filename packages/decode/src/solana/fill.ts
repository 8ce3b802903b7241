import type { Venue } from "@candlewick/domain";
import type { Instruction } from "./instruction.ts";
import type { PoolReader } from "./pool-finding.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Why a venue's instruction of a successful transaction gave no swap. */
export type SkipReason =
  /** Data or accounts are shorter than the instruction needs, or point outside of the account table. */
  | "malformed-instruction"
  /** An event is shorter than its fields, or contradicts itself. */
  | "malformed-event"
  /** The venue tells its amounts by events only, and there is none. */
  | "no-event"
  /** The venue tells its amounts by events in the log only, and the node cut the log. */
  | "log-truncated"
  /** An instruction that changes liquidity moved nothing. */
  | "no-liquidity-moved"
  /** No token moved between the user and the pool. */
  | "no-transfer"
  /** Both amounts are zero. */
  | "nothing-moved"
  /** The pool's mints are in no list of the transaction. */
  | "unknown-mint"
  /** No account or transfer of the transaction tells a mint's decimals. */
  | "unknown-decimals"
  /** An amount that no token can have: 2^64 or more. */
  | "amount-out-of-range"
  /** An instruction this decoder has no layout for left a swap event. */
  | "unknown-instruction"
  /** The node kept no metadata for the transaction: whether it succeeded is not known. */
  | "no-metadata";

/** Reserves after the swap: as the venue's event tells them, or to be read from the balances of the vaults. */
export type ReserveSource =
  | { readonly kind: "unknown" }
  | { readonly kind: "told"; readonly in: bigint; readonly out: bigint }
  | {
      readonly kind: "vaults";
      readonly in: number;
      readonly out: number;
      /** As the event tells them, for where the balances do not add up. */
      readonly told?: { readonly in: bigint; readonly out: bigint };
    };

/** A swap as a venue's decoder finds it, before its place, decimals and reserves are known. */
export interface Fill {
  readonly pool: string;
  readonly mintIn: string;
  readonly mintOut: string;
  readonly userIn: bigint;
  readonly userOut: bigint;
  readonly poolIn: bigint;
  readonly poolOut: bigint;
  readonly reserves: ReserveSource;
  readonly quoteMint: string;
  readonly maker: string;
  /** The token account that receives, where it may be another's than the maker's. */
  readonly destination: number | null;
  /** Whether a mint is known to have withheld a fee from what moved. */
  readonly feeWithheld?: boolean;
}

/** The fills of one instruction in the order of execution; a reason in place of each that cannot be told. */
export type Outcome = readonly (Fill | SkipReason)[];

/** No swap: liquidity, creation, administration. */
export const NOT_A_SWAP: Outcome = [];

/** One venue: which program, and how its instructions become fills. Never throws. */
export interface VenueDecoder {
  readonly venue: Venue;
  readonly program: string;
  decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome;
  /** What instructions that are no swap do to pools: asked for those only. */
  readonly pools: PoolReader;
}
