export { type Chain, createChain } from "./chain/chain.ts";
export { type ChainOptions, chainOptions } from "./chain/options.ts";
export type { TruthTrade } from "./chain/truth.ts";
export { type Devnet, type DevnetOptions, startDevnet } from "./devnet.ts";
export { DevnetError, type DevnetErrorCode } from "./devnet-error.ts";
export { type DevnetClock, machineClock } from "./rpc/clock.ts";
export type { EndpointOptions } from "./rpc/endpoint.ts";
export { type FaultRates, NO_FAULTS } from "./rpc/faults.ts";
export type { Commitment } from "./rpc/ledger.ts";
export type { BlockJson, TransactionJson } from "./wire/block-json.ts";
export { yellowstoneBlock } from "./wire/yellowstone-block.ts";
export { ChainFeed, type UpdateFeed } from "./yellowstone/feed.ts";
export { RecordedFeed } from "./yellowstone/recorded-feed.ts";
export {
  startYellowstone,
  type YellowstoneServer,
  type YellowstoneServerOptions,
} from "./yellowstone/server.ts";
