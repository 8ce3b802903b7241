import { z } from "@candlewick/runtime";

/** Section `serve`. */
export const serveSchema = z
  .strictObject({
    host: z.string().min(1).default("127.0.0.1").describe("Address to listen on"),
    port: z.int().min(0).max(65535).default(8080).describe("Port to listen on; 0 takes a free one"),
    webRoot: z
      .string()
      .nullable()
      .default(null)
      .describe("Folder of the built web page; none: only HTTP and WebSocket are served"),
    dataflowGroup: z
      .string()
      .min(1)
      .default("data-flow-default-group10")
      .describe("Group of the dataflow whose lag is shown"),
    maxClients: z.int().min(1).default(1000).describe("WebSocket connections at the most"),
    maxSubscriptions: z.int().min(1).default(64).describe("Subscriptions of one connection at the most"),
    maxBufferedBytes: z
      .int()
      .min(65_536)
      .default(4 * 1024 * 1024)
      .describe("What may wait for one connection in memory; a slower client is dropped with code 1013"),
    pingIntervalMs: z
      .int()
      .min(1000)
      .default(20_000)
      .describe("How often a connection is asked for a sign of life; without one it is closed"),
    snapshotCandles: z.int().min(1).max(5000).default(500).describe("Candles that a subscriber gets first"),
    snapshotTrades: z.int().min(1).max(1000).default(100).describe("Trades that a subscriber gets first"),
  })
  .describe("HTTP, WebSocket and the web page.");
export type ServeConfig = z.output<typeof serveSchema>;
