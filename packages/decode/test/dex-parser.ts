/** The other decoder is a dependency of this package alone, for its tests and its bench. */
export { DexParser, type SolanaTransaction } from "solana-dex-parser";
