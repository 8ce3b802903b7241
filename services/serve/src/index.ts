export type { CandleView, Currency } from "./candle-view.ts";
export { type ServeConfig, serveSchema } from "./config.ts";
export type { ErrorBody } from "./http-error.ts";
export type { AssetView, PairView } from "./ports.ts";
export type { ClientRequest, ServerMessage, Subscription } from "./protocol.ts";
export { type ServeDeps, type ServeService, startServe } from "./serve.ts";
export type { BlockPoint, ServeStatus } from "./status-board.ts";
