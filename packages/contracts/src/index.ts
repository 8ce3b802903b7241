export * from "./block-codec.ts";
export * from "./chain-messages.ts";
export * from "./contract-error.ts";
export * from "./kline-codec.ts";
export * from "./topic-partition.ts";
export * from "./topics.ts";
export * from "./trade-codec.ts";
export * from "./trade-with-pair.ts";
