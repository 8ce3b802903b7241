import { USDC_MINT, USDT_MINT, type Venue, WSOL_MINT } from "@candlewick/domain";
import { type Address, knownAddress } from "./address.ts";

/** The venues' programs on mainnet. */
export const VENUE_PROGRAMS: Readonly<Record<Venue, Address>> = {
  PumpFun: knownAddress("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"),
  PumpSwap: knownAddress("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"),
  RaydiumV4: knownAddress("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"),
  RaydiumClmm: knownAddress("CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK"),
  RaydiumCpmm: knownAddress("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"),
  OrcaWhirlpool: knownAddress("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"),
  MeteoraDlmm: knownAddress("LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"),
  MeteoraDammV1: knownAddress("Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB"),
  MeteoraDammV2: knownAddress("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"),
  RaydiumLaunchLab: knownAddress("LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj"),
  Moonshot: knownAddress("MoonCVVNZFSYkqNXP6bxHLPL6QQJiMagDL3qcqUQTrG"),
  MeteoraDbc: knownAddress("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN"),
};

export const SYSTEM_PROGRAM = knownAddress("11111111111111111111111111111111");
export const TOKEN_PROGRAM = knownAddress("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = knownAddress("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ASSOCIATED_TOKEN_PROGRAM = knownAddress("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const COMPUTE_BUDGET_PROGRAM = knownAddress("ComputeBudget111111111111111111111111111111");
export const VOTE_PROGRAM = knownAddress("Vote111111111111111111111111111111111111111");
export const MEMO_PROGRAM = knownAddress("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
export const JUPITER_PROGRAM = knownAddress("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
/** Metaplex, which keeps what mints are called. */
export const METADATA_PROGRAM = knownAddress("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");
/** The vaults behind Meteora DAMM v1. */
export const METEORA_VAULT_PROGRAM = knownAddress("24Uqj9JCLxUeoC3hGfh5W3s9FM9uCHDS2SG3LYwBpyTi");

export const PUMP_EVENT_AUTHORITY = knownAddress("Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1", "readonly");
export const PUMP_SWAP_EVENT_AUTHORITY = knownAddress(
  "GS4CU59F31iL7aR2Q8zVS8DRrcRnXX1yjQ66TqNVQnaR",
  "readonly",
);
export const DLMM_EVENT_AUTHORITY = knownAddress("D1ZN9Wj1fRSUQfCjhvnu1hqDMT7hzjzBBpi12nVniYD6", "readonly");
export const JUPITER_EVENT_AUTHORITY = knownAddress(
  "D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf",
  "readonly",
);
export const RAYDIUM_V4_AUTHORITY = knownAddress("5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1", "readonly");

export const WSOL_ADDRESS = knownAddress(WSOL_MINT, "readonly");
export const USDC_ADDRESS = knownAddress(USDC_MINT, "readonly");
export const USDT_ADDRESS = knownAddress(USDT_MINT, "readonly");
/** The all-zero key: on the wire it stands for native SOL or for nothing. */
export const ZERO_KEY = new Uint8Array(32);
