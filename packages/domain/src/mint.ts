/** A token of a pair: its mint (Solana) or contract (EVM) address and its decimals. */
export interface Asset {
  readonly mint: string;
  readonly decimals: number;
}

/** Wrapped SOL; native SOL is written as this mint too. */
export const WSOL_MINT = "So11111111111111111111111111111111111111112";
/** USD Coin on Solana. */
export const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
/** Tether USD on Solana. */
export const USDT_MINT = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB";

const SYMBOLS: Readonly<Record<string, string>> = {
  [WSOL_MINT]: "SOL",
  [USDC_MINT]: "USDC",
  [USDT_MINT]: "USDT",
};

/** The symbol of a mint that is known by address; null for all others: a symbol in a name proves nothing. */
export function knownSymbol(mint: string): string | null {
  return SYMBOLS[mint] ?? null;
}

/** Whether a mint counts as one US dollar. By address, never by symbol: fake USDT pools exist. */
export function isStable(mint: string): boolean {
  return mint === USDC_MINT || mint === USDT_MINT;
}

/** The order in which mints are preferred as the base side of a pair: SOL, USDC, USDT. */
export const BASE_MINTS: readonly string[] = [WSOL_MINT, USDC_MINT, USDT_MINT];
