import { readU32, readU64 } from "../little-endian.ts";
import type { TokenClaim } from "./pool-finding.ts";

/** Longer names than any token program takes are cut: they come from whoever makes a token. */
const MAX_TEXT_BYTES = 256;

/**
 * What a launch says of its token: name, symbol and the address of a picture, each with its length before it.
 * `supplyAfter`: how many bytes behind them the supply stands; absent where it does not. Null where the bytes
 * end before.
 */
export function readClaim(bytes: Uint8Array, offset: number, supplyAfter?: number): TokenClaim | null {
  const name = readText(bytes, offset);
  const symbol = name === null ? null : readText(bytes, name.end);
  const uri = symbol === null ? null : readText(bytes, symbol.end);
  if (name === null || symbol === null || uri === null) return null;
  const at = supplyAfter === undefined ? bytes.length : uri.end + supplyAfter;
  return { name: name.text, symbol: symbol.text, supply: at + 8 <= bytes.length ? readU64(bytes, at) : null };
}

export interface TextField {
  readonly text: string;
  /** The offset after it. */
  readonly end: number;
}

/** A text with its length, four bytes, before it. Without what cannot be shown or stored. */
export function readText(bytes: Uint8Array, offset: number): TextField | null {
  if (offset + 4 > bytes.length) return null;
  const end = offset + 4 + readU32(bytes, offset);
  if (end > bytes.length) return null;
  return { text: cleanText(bytes.subarray(offset + 4, Math.min(end, offset + 4 + MAX_TEXT_BYTES))), end };
}

/** Text of unknown origin: fixed-size fields are filled up with zeros, and PostgreSQL takes none. */
export function cleanText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(CONTROL, "").trim();
}

const CONTROL = /\p{Cc}/gu;
