import type { RawAmount } from "./brand.ts";
import type { Position } from "./position.ts";
import type { Venue } from "./swap.ts";

/** One of a pool's two tokens at the time of an event; null is what the block does not tell. */
export interface PoolSide {
  readonly mint: string;
  readonly decimals: number | null;
  /** After the instruction. */
  readonly reserve: RawAmount | null;
}

interface PoolEventPlace {
  readonly position: Position;
  readonly tx: string;
  readonly venue: Venue;
  readonly program: string;
  readonly pool: string;
}

/** A pool (or a launch curve) began to exist. */
export interface PoolCreated extends PoolEventPlace {
  readonly kind: "created";
  /** In the venue's own order: the second is what it calls its quote. */
  readonly sides: readonly [PoolSide, PoolSide];
  readonly creator: string | null;
  /** Where the venue makes the token with the pool: what its maker calls it, and how much there is. */
  readonly name: string | null;
  readonly symbol: string | null;
  readonly supply: RawAmount | null;
}

/** A launch curve handed its tokens over to a pool, which is where the token trades from then on. */
export interface PoolMigrated extends PoolEventPlace {
  readonly kind: "migrated";
  /** Address of the pool that takes over; null where the instruction does not tell. */
  readonly target: string | null;
}

/** Somebody put tokens into a pool or took them out without a trade. */
export interface LiquidityChanged extends PoolEventPlace {
  readonly kind: "liquidity";
  readonly change: "added" | "removed";
  readonly sides: readonly [
    PoolSide & { readonly amount: RawAmount },
    PoolSide & { readonly amount: RawAmount },
  ];
}

/** What happened to a pool beside its trades. */
export type PoolEvent = PoolCreated | PoolMigrated | LiquidityChanged;
