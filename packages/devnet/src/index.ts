export { type Chain, createChain } from "./chain/chain.ts";
export { type ChainOptions, chainOptions } from "./chain/options.ts";
export type { TruthTrade } from "./chain/truth.ts";
export { DevnetError, type DevnetErrorCode } from "./devnet-error.ts";
export type { BlockJson, TransactionJson } from "./wire/block-json.ts";
