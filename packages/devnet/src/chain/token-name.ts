import type { Address } from "./address.ts";

/** What a token's maker calls it. */
export interface TokenName {
  readonly name: string;
  readonly symbol: string;
}

const ONSETS = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"];
const VOWELS = ["a", "e", "i", "o", "u"];
const KINDS = ["", "", "", " Protocol", " Network", " Finance", " Cat", " Dog", " Labs", " DAO"];

/** A name for a mint, the same for the same mint: drawn from its address, so that no other draw shifts. */
export function nameOfMint(mint: Address): TokenName {
  const byte = (at: number) => mint.bytes[at] ?? 0;
  let word = "";
  for (let syllable = 0; syllable < 2 + (byte(1) % 2); syllable++) {
    word += (ONSETS[byte(2 + syllable) % ONSETS.length] ?? "") + (VOWELS[byte(6 + syllable) % 5] ?? "");
  }
  const capital = word.slice(0, 1).toUpperCase() + word.slice(1);
  return { name: capital + (KINDS[byte(10) % KINDS.length] ?? ""), symbol: word.toUpperCase() };
}
