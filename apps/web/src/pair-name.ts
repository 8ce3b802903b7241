import { element } from "./element.ts";
import { shortAddress } from "./number-text.ts";
import type { AssetView, PairView } from "./wire.ts";

/**
 * The symbol of a mint, else the ends of its address. Makers choose symbols: what cannot be seen (controls, marks of
 * direction) is taken out of them, and what is long is cut.
 */
export function assetName(asset: AssetView): string {
  const symbol = visible(asset.symbol, MAX_SYMBOL);
  return symbol === "" ? shortAddress(asset.mint) : symbol;
}

/** What a pair's token is called by its maker; empty where that is not known. */
export function tokenName(pair: PairView): string {
  return visible(pair.token_name, MAX_NAME);
}

function visible(claim: string | null, maxCharacters: number): string {
  return [...(claim ?? "").replace(/\p{C}/gu, "").trim()].slice(0, maxCharacters).join("");
}

/** Whether an asset is one of the currencies that tokens are traded against; the server lets no other claim a name. */
export function isCurrency(asset: AssetView): boolean {
  return asset.symbol !== null && CURRENCIES.has(asset.symbol);
}

const MAX_SYMBOL = 12;
const MAX_NAME = 32;
const CURRENCIES: ReadonlySet<string> = new Set(["SOL", "USDC", "USDT"]);

/** `DezX…B263/SOL`. */
export function pairName(pair: PairView): string {
  return `${assetName(pair.token)}/${assetName(pair.base)}`;
}

/** A round sign in two colours that come from the address, so that short names are told apart at a glance. */
export function assetSign(asset: AssetView): HTMLElement {
  const sign = element("span", { class: "sign", "aria-hidden": "true" });
  let hash = 0;
  for (const character of asset.mint) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  const hue = hash % 360;
  const other = (hue + 40 + ((hash >>> 9) % 120)) % 360;
  const angle = (hash >>> 17) % 180;
  sign.style.background = `linear-gradient(${angle}deg, hsl(${hue} 62% 52%) 50%, hsl(${other} 58% 40%) 50%)`;
  return sign;
}

const VENUE_NAMES: Readonly<Record<string, string>> = {
  PumpFun: "Pump.fun",
  RaydiumLaunchLab: "LaunchLab",
  RaydiumV4: "Raydium v4",
  RaydiumClmm: "Raydium CLMM",
  RaydiumCpmm: "Raydium CPMM",
  OrcaWhirlpool: "Orca",
  MeteoraDlmm: "Meteora DLMM",
  MeteoraDbc: "Meteora DBC",
  MeteoraDammV1: "Meteora v1",
  MeteoraDammV2: "Meteora v2",
};

/** The name of a venue as traders write it. */
export function venueName(venue: string): string {
  return VENUE_NAMES[venue] ?? venue;
}
