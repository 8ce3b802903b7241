import { CandlewickError, type Clock, type Logger } from "@candlewick/runtime";
import type { WebSocket } from "@fastify/websocket";
import type { Hub } from "./hub.ts";
import type { ClientId, HubCommand, HubEvent, Load } from "./hub-event.ts";
import type { MarketReads } from "./ports.ts";
import type { DropReason, ServeMetrics } from "./serve-metrics.ts";

/** Close codes of RFC 6455 and its registry. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** What a connection may ask between two signs of life. */
const MAX_REQUESTS_PER_PING = 500;

interface Connection {
  readonly socket: WebSocket;
  alive: boolean;
  requests: number;
  ending: boolean;
}

export interface GatewayOptions {
  readonly maxClients: number;
  readonly maxBufferedBytes: number;
  readonly hub: Hub;
  readonly reads: MarketReads;
  readonly metrics: ServeMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The shell around the hub: sockets, what waits for them, and the snapshots that they ask for. */
export class WebSocketGateway {
  readonly #options: GatewayOptions;
  readonly #connections = new Map<ClientId, Connection>();
  #lastId = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Takes a connection that was just made. */
  accept(socket: WebSocket): void {
    socket.on("error", () => this.#options.metrics.clientsDropped.inc({ reason: "broken" }));
    if (this.#connections.size >= this.#options.maxClients) {
      this.#options.metrics.clientsDropped.inc({ reason: "too-many" });
      socket.close(TRY_AGAIN_LATER, "too many connections");
      return;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const connection: Connection = { socket, alive: true, requests: 0, ending: false };
    this.#connections.set(id, connection);
    this.handle({ kind: "connected", client: id });
    socket.on("pong", () => {
      connection.alive = true;
    });
    socket.on("message", (data: Buffer) => this.#request(id, connection, data));
    socket.on("close", () => this.#forget(id));
  }

  /** Hands an event to the hub and does what it decides, at once. */
  handle(event: HubEvent): void {
    for (const command of this.#options.hub.step(event)) this.#execute(command);
  }

  /** Asks every connection for a sign of life, and ends those that gave none since the last time. */
  ping(): void {
    for (const [id, connection] of this.#connections) {
      connection.requests = 0;
      if (connection.alive) {
        connection.alive = false;
        connection.socket.ping();
      } else {
        this.#options.metrics.clientsDropped.inc({ reason: "silent" });
        this.#forget(id);
        connection.socket.terminate();
      }
    }
  }

  /** Ends all connections: the clients connect again when there is a server. */
  close(): void {
    for (const { socket } of this.#connections.values()) socket.close(GOING_AWAY, "the server stops");
  }

  /** Ends at once those that have not answered. */
  terminate(): void {
    for (const { socket } of this.#connections.values()) socket.terminate();
  }

  #request(id: ClientId, connection: Connection, data: Buffer): void {
    if (connection.ending) return;
    connection.alive = true;
    connection.requests += 1;
    if (connection.requests > MAX_REQUESTS_PER_PING) {
      this.#drop(id, connection, "flood", POLICY_VIOLATION, "too many requests");
    } else this.handle({ kind: "message", client: id, text: data.toString("utf8") });
  }

  #execute(command: HubCommand): void {
    switch (command.kind) {
      case "send":
        for (const client of command.clients) this.#send(client, command.text);
        return;
      case "load-candles": {
        const { pair, interval } = command.load.subscription;
        const query = { pair, interval, fromMs: null, toMs: null, limit: command.limit };
        this.#options.reads.candles(query).then(
          (klines) =>
            this.handle({
              kind: "candles-loaded",
              load: command.load,
              klines,
              nowMs: this.#options.clock.now(),
            }),
          (error: unknown) => this.#loadFailed(command.load, error),
        );
        return;
      }
      case "load-trades": {
        const query = { pair: command.load.subscription.pair, limit: command.limit, before: null };
        this.#options.reads.trades(query).then(
          (trades) => this.handle({ kind: "trades-loaded", load: command.load, trades }),
          (error: unknown) => this.#loadFailed(command.load, error),
        );
        return;
      }
    }
  }

  #send(id: ClientId, text: string): void {
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.ending) return;
    const { socket } = connection;
    // Measured before the message is added: one that is larger than the bound still reaches who reads.
    if (socket.bufferedAmount > this.#options.maxBufferedBytes) {
      this.#drop(id, connection, "slow", TRY_AGAIN_LATER, "too slow: messages wait");
      return;
    }
    socket.send(text);
    this.#options.metrics.messagesSent.inc();
  }

  #drop(id: ClientId, connection: Connection, reason: DropReason, code: number, text: string): void {
    connection.ending = true;
    this.#options.metrics.clientsDropped.inc({ reason });
    this.#options.logger.warn("a WebSocket client was dropped", { client: id, reason });
    connection.socket.close(code, text);
    // Leaves the hub at once, so that nothing more is prepared for it.
    this.#options.hub.step({ kind: "disconnected", client: id });
  }

  #forget(id: ClientId): void {
    if (!this.#connections.delete(id)) return;
    this.#options.hub.step({ kind: "disconnected", client: id });
  }

  #loadFailed(load: Load, error: unknown): void {
    this.#options.metrics.snapshotsFailed.inc();
    const { logger } = this.#options;
    const fields = { subscription: load.subscription, reason: String(error) };
    if (error instanceof CandlewickError) {
      logger.warn("a snapshot could not be read", fields);
      const { code, message, advice } = error;
      this.handle({ kind: "load-failed", load, error: { code, message, advice } });
      return;
    }
    logger.error("a snapshot failed", fields);
    const message = "The snapshot failed inside.";
    const advice = "See the log of the server for the reason.";
    this.handle({ kind: "load-failed", load, error: { code: "BUG", message, advice } });
  }
}
