import { type Asset, type Position, type RawAmount, rawAmount, slot, type Venue } from "@candlewick/domain";
import { type Fill, tokenIn, tokenOut } from "./fill.ts";
import { VENUE_PROGRAMS } from "./programs.ts";

/** What a reader of the chain must find for one swap: written down by who made it. */
export interface TruthTrade {
  readonly position: Position;
  /** Transaction signature. */
  readonly tx: string;
  readonly venue: Venue;
  readonly program: string;
  readonly pool: string;
  readonly assetIn: Asset;
  readonly assetOut: Asset;
  /** What the user paid, fees in, and got. */
  readonly userIn: RawAmount;
  readonly userOut: RawAmount;
  /** What the pool exchanged without fees, where the venue tells it; else as the user's. */
  readonly poolIn: RawAmount;
  readonly poolOut: RawAmount;
  /** Who signs. */
  readonly maker: string;
}

export interface TruthPlace {
  readonly slot: number;
  readonly txIndex: number;
  readonly outer: number;
  readonly inner: number | null;
  readonly hop: number;
  readonly tx: string;
  readonly maker: string;
}

export function truthTrade(fill: Fill, place: TruthPlace): TruthTrade {
  const { pool } = fill;
  return {
    position: {
      slot: slot(place.slot),
      txIndex: place.txIndex,
      outer: place.outer,
      inner: place.inner,
      hop: place.hop,
    },
    tx: place.tx,
    venue: pool.venue,
    program: VENUE_PROGRAMS[pool.venue].text,
    pool: pool.address.text,
    assetIn: { mint: tokenIn(fill).mint.text, decimals: tokenIn(fill).decimals },
    assetOut: { mint: tokenOut(fill).mint.text, decimals: tokenOut(fill).decimals },
    userIn: rawAmount(fill.userIn),
    userOut: rawAmount(fill.userOut),
    poolIn: rawAmount(fill.poolIn),
    poolOut: rawAmount(fill.poolOut),
    maker: place.maker,
  };
}
