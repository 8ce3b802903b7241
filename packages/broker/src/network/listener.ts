import { createServer, type Server, type Socket } from "node:net";
import type { BrokerParts } from "../api/handler.ts";
import { BrokerError, systemCode } from "../broker-error.ts";
import { Connection } from "./connection.ts";

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

export interface Advertised {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Accepts connections, up to a bound. */
export class Listener {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Opens the port. Throws BrokerError PORT_IN_USE or ADDRESS_UNAVAILABLE. */
  static async open(parts: BrokerParts, advertised: Advertised): Promise<Listener> {
    const server = createServer({ noDelay: true });
    const { host, port } = parts.settings;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host, port, backlog: 511 }, resolve);
    try {
      await promise;
    } catch (error) {
      throw listenError(error, host, port);
    }
    const listener = new Listener(server);
    server.on("connection", (socket) => listener.#accept(socket, parts, advertised));
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  #accept(socket: Socket, parts: BrokerParts, advertised: Advertised): void {
    if (this.#connections.size >= parts.settings.maxConnections) {
      parts.settings.log({
        level: "warn",
        msg: "connection refused: too many",
        client: socket.remoteAddress,
      });
      socket.destroy();
      return;
    }
    const { host } = parts.settings;
    const reachable = WILDCARDS.has(host) ? (socket.localAddress ?? host) : host;
    const connection = new Connection(socket, parts, {
      host: advertised.host ?? reachable,
      port: advertised.port ?? this.port,
    });
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const connection of this.#connections) connection.close();
    await promise;
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new BrokerError(
        "PORT_IN_USE",
        `Port ${port} on ${host} is in use; stop the other program or choose another port.`,
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EACCES":
      return new BrokerError(
        "ADDRESS_UNAVAILABLE",
        `Cannot listen on ${host}:${port} (${systemCode(error)}); choose an address of this machine and a port you may use.`,
        error,
      );
    default:
      return error;
  }
}
