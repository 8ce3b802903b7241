export { type MarketConfig, type MarketDeps, marketSchema, startMarket } from "./main.ts";
