import { connect, type Socket } from "node:net";
import { encodeTrades, TOPICS } from "@candlewick/contracts";
import { DEFAULT_INTERVALS } from "@candlewick/domain";
import { CandlewickError, ERRORS, Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serveSchema } from "../src/config.ts";
import { runServe, type ServeService } from "../src/serve.ts";
import { MemoryMarket } from "./memory-market.ts";
import { PAIR_A, trade } from "./sample.ts";
import { WebSocketClient } from "./websocket-client.ts";

let market: MemoryMarket;
let serve: ServeService;
let metrics: Registry;

async function start(pingIntervalMs: number): Promise<void> {
  market = new MemoryMarket();
  market.store([trade({ slot: 1 })]);
  metrics = new Registry();
  const config = serveSchema.parse({
    port: 0,
    maxClients: 2,
    maxBufferedBytes: 65_536,
    pingIntervalMs,
  });
  serve = await runServe(config, {
    reads: market.reads,
    startSource: (onRecords) => market.startSource(onRecords),
    intervals: DEFAULT_INTERVALS,
    ...{ logger: silentLogger, metrics, clock: systemClock, version: "0.0.0-test" },
  });
}

beforeEach(() => start(60_000));
afterEach(() => serve.stop(1_000));

/** Opens a WebSocket by hand, asks for trades and then reads nothing more. */
async function openDeafClient(): Promise<Socket> {
  const { hostname, port } = new URL(serve.url);
  const socket = connect(Number(port), hostname);
  const upgrade = [
    "GET /ws HTTP/1.1",
    `Host: ${hostname}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(`${upgrade.join("\r\n")}\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  const payload = Buffer.from(JSON.stringify({ op: "subscribe", channel: "trades", pair: PAIR_A }));
  // A masked text frame with the mask 0; the payload is shorter than 126 bytes.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return socket;
}

async function metric(name: string): Promise<number> {
  const line = (await metrics.metrics()).split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

describe("connections", () => {
  it("drops a client that does not read, and not the one that does", async () => {
    const deaf = await openDeafClient();
    deaf.on("error", () => undefined);
    const client = await WebSocketClient.connect(serve.url);
    client.send({ op: "subscribe", channel: "trades", pair: PAIR_A });
    await client.next({ op: "snapshot" });
    const dropped = 'serve_websocket_clients_dropped_total{reason="slow"}';
    let slot = 10;
    // The system's own buffers take some megabytes before anything waits here.
    while ((await metric(dropped)) === 0) {
      slot += 1;
      const trades = Array.from({ length: 300 }, (_, txIndex) => trade({ slot, txIndex }));
      market.send(TOPICS.solana.trades, encodeTrades(trades));
      await client.next({ op: "update", channel: "trades" });
      expect(slot).toBeLessThan(200);
    }
    expect(await metric(dropped)).toBe(1);
    // What reached it ends with a close frame of code 1013 (0x03f5).
    let tail = Buffer.alloc(0);
    deaf.on("data", (data: Buffer) => {
      tail = Buffer.concat([tail, data]).subarray(-200);
    });
    const ended = new Promise((resolve) => deaf.once("close", resolve));
    deaf.resume();
    while (tail.indexOf(Buffer.from([0x03, 0xf5])) < 0) {
      await new Promise((resolve) => deaf.once("data", resolve));
    }
    deaf.destroy();
    await ended;
    await client.close();
  });

  it("turns away more clients than it may have, with the code to try again", async () => {
    const clients = [await WebSocketClient.connect(serve.url), await WebSocketClient.connect(serve.url)];
    const third = await WebSocketClient.connect(serve.url);
    expect(await third.closed).toMatchObject({ code: 1013, reason: "too many connections" });
    for (const client of clients) await client.close();
  });

  it("ends a connection that asks without end", async () => {
    const client = await WebSocketClient.connect(serve.url);
    for (let i = 0; i < 501; i++) client.send({ op: "ping" });
    expect(await client.closed).toMatchObject({ code: 1008 });
  });

  it("ends a connection that gives no sign of life", async () => {
    await serve.stop(1_000);
    await start(1_000);
    const deaf = await openDeafClient();
    const ended = new Promise((resolve) => deaf.once("close", resolve));
    deaf.on("error", () => undefined);
    deaf.resume();
    await ended;
    expect(await metric('serve_websocket_clients_dropped_total{reason="silent"}')).toBe(1);
  });

  it("tells a client that its snapshot could not be read", async () => {
    market.failure = new CandlewickError(ERRORS.databaseUnreachable, "It is away.", "Start it.");
    const client = await WebSocketClient.connect(serve.url);
    client.send({ op: "subscribe", channel: "candles", pair: PAIR_A, interval: "1m" });
    expect(await client.next({ op: "error" })).toMatchObject({
      ...{ channel: "candles", pair: PAIR_A, code: "DATABASE_UNREACHABLE", advice: "Start it." },
    });
    market.failure = null;
    client.send({ op: "subscribe", channel: "candles", pair: PAIR_A, interval: "1m" });
    expect(await client.next({ op: "snapshot" })).toMatchObject({ candles: [{ trades: 1 }] });
    await client.close();
  });

  it("closes with the code of going away when it stops", async () => {
    const client = await WebSocketClient.connect(serve.url);
    await serve.stop(1_000);
    expect(await client.closed).toMatchObject({ code: 1001 });
    await serve.done;
  });
});
