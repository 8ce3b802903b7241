import type { Address } from "./address.ts";
import { TOKEN_PROGRAM, USDC_ADDRESS, USDT_ADDRESS, WSOL_ADDRESS } from "./programs.ts";

/** A mint. */
export interface Token {
  readonly mint: Address;
  readonly decimals: number;
  /** The token program that owns the mint. */
  readonly program: Address;
  /** Raw units. */
  readonly supply: bigint;
  /** What its maker calls it. */
  readonly name: string;
  readonly symbol: string;
}

/** A token with what one whole unit of it is worth, in SOL, at any index of the chain. */
export interface PricedToken {
  readonly token: Token;
  readonly priceSol: (index: number) => number;
}

export const SOL: Token = {
  mint: WSOL_ADDRESS,
  decimals: 9,
  program: TOKEN_PROGRAM,
  supply: 600_000_000n * 10n ** 9n,
  name: "Wrapped SOL",
  symbol: "SOL",
};
export const USDC: Token = {
  mint: USDC_ADDRESS,
  decimals: 6,
  program: TOKEN_PROGRAM,
  supply: 9_000_000_000n * 10n ** 6n,
  name: "USD Coin",
  symbol: "USDC",
};
export const USDT: Token = {
  mint: USDT_ADDRESS,
  decimals: 6,
  program: TOKEN_PROGRAM,
  supply: 2_000_000_000n * 10n ** 6n,
  name: "USDT",
  symbol: "USDT",
};

/** Whether `a` sorts before `b` as bytes: the order of the two sides of CLMM and Whirlpool pools. */
export function sortsBefore(a: Token, b: Token): boolean {
  return Buffer.compare(a.mint.bytes, b.mint.bytes) < 0;
}
