import type { RawAmount } from "./brand.ts";

/** What is known of a token beside its trades. A name or a symbol is its maker's claim, and proves nothing. */
export interface TokenFacts {
  readonly mint: string;
  readonly decimals: number;
  readonly name: string | null;
  readonly symbol: string | null;
  /** All units that exist, in the smallest unit. */
  readonly supply: RawAmount | null;
}
