import type { VenueDecoder } from "./fill.ts";
import { meteoraDammV1 } from "./meteora-damm-v1.ts";
import { meteoraDammV2 } from "./meteora-damm-v2.ts";
import { meteoraDbc } from "./meteora-dbc.ts";
import { meteoraDlmm } from "./meteora-dlmm.ts";
import { moonshot } from "./moonshot.ts";
import { orcaWhirlpool } from "./orca-whirlpool.ts";
import { pumpfun } from "./pumpfun.ts";
import { pumpswap } from "./pumpswap.ts";
import { raydiumClmm } from "./raydium-clmm.ts";
import { raydiumCpmm } from "./raydium-cpmm.ts";
import { raydiumLaunchLab } from "./raydium-launchlab.ts";
import { raydiumV4 } from "./raydium-v4.ts";

/** The venues that are decoded, by program. Discriminators are a program's own: nothing else tells a venue. */
export const SOLANA_VENUES: ReadonlyMap<string, VenueDecoder> = new Map(
  [
    pumpfun,
    pumpswap,
    raydiumV4,
    raydiumClmm,
    raydiumCpmm,
    orcaWhirlpool,
    meteoraDlmm,
    meteoraDammV1,
    meteoraDammV2,
    raydiumLaunchLab,
    moonshot,
    meteoraDbc,
  ].map((decoder) => [decoder.program, decoder]),
);

/** Each venue's program, by its name in messages. */
export const SOLANA_PROGRAMS: Readonly<Record<string, string>> = Object.fromEntries(
  [...SOLANA_VENUES.values()].map(({ venue, program }) => [venue, program]),
);

export function isVenue(program: string): boolean {
  return SOLANA_VENUES.has(program);
}
