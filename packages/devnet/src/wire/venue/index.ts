import type { Venue } from "@candlewick/domain";
import type { SwapEncoder } from "../swap-context.ts";
import { encodeMeteoraDammV1 } from "./meteora-damm-v1.ts";
import { encodeMeteoraDammV2 } from "./meteora-damm-v2.ts";
import { encodeMeteoraDbc } from "./meteora-dbc.ts";
import { encodeMeteoraDlmm } from "./meteora-dlmm.ts";
import { encodeMoonshot } from "./moonshot.ts";
import { encodeOrcaWhirlpool } from "./orca-whirlpool.ts";
import { encodePumpFun } from "./pump-fun.ts";
import { encodePumpSwap } from "./pump-swap.ts";
import { encodeRaydiumClmm } from "./raydium-clmm.ts";
import { encodeRaydiumCpmm } from "./raydium-cpmm.ts";
import { encodeRaydiumLaunchLab } from "./raydium-launchlab.ts";
import { encodeRaydiumV4 } from "./raydium-v4.ts";

/** How each venue writes a swap. */
export const SWAP_ENCODERS: Readonly<Record<Venue, SwapEncoder>> = {
  PumpFun: encodePumpFun,
  PumpSwap: encodePumpSwap,
  RaydiumV4: encodeRaydiumV4,
  RaydiumClmm: encodeRaydiumClmm,
  RaydiumCpmm: encodeRaydiumCpmm,
  OrcaWhirlpool: encodeOrcaWhirlpool,
  MeteoraDlmm: encodeMeteoraDlmm,
  MeteoraDammV1: encodeMeteoraDammV1,
  MeteoraDammV2: encodeMeteoraDammV2,
  RaydiumLaunchLab: encodeRaydiumLaunchLab,
  Moonshot: encodeMoonshot,
  MeteoraDbc: encodeMeteoraDbc,
};
