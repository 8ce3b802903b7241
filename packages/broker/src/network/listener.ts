import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { BrokerParts } from "../api/handler.ts";
import { BrokerError, systemCode } from "../broker-error.ts";
import type { Settings } from "../options.ts";
import { Connection } from "./connection.ts";

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface Advertised {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Accepts connections, up to a bound. */
export class Listener {
  readonly #server: Server;
  /** All of them, those still in a TLS handshake included. */
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Opens the port. Throws BrokerError PORT_IN_USE, ADDRESS_UNAVAILABLE or OPTION_INVALID. */
  static async open(parts: BrokerParts, advertised: Advertised): Promise<Listener> {
    const { host, port, tls } = parts.settings;
    const server = makeServer(tls);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host, port, backlog: 511 }, resolve);
    try {
      await promise;
    } catch (error) {
      throw listenError(error, host, port);
    }
    // Such as too many open files: the one connection is lost, the broker goes on.
    server.on("error", (error) =>
      parts.settings.log({ level: "error", msg: "cannot accept", reason: error.message }),
    );
    const listener = new Listener(server);
    server.on("connection", (socket: Socket) => listener.#admit(socket, parts));
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) =>
      listener.#serve(socket, parts, advertised),
    );
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  #admit(socket: Socket, { settings }: BrokerParts): void {
    if (this.#sockets.size >= settings.maxConnections) {
      settings.log({ level: "warn", msg: "connection refused: too many", client: socket.remoteAddress });
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #serve(socket: Socket, parts: BrokerParts, advertised: Advertised): void {
    if (socket.destroyed) return;
    const { host } = parts.settings;
    const reachable = WILDCARDS.has(host) ? (socket.localAddress ?? host) : host;
    new Connection(socket, parts, {
      host: advertised.host ?? reachable,
      port: advertised.port ?? this.port,
    });
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}

function makeServer(tls: Settings["tls"]): Server {
  if (tls === undefined) return createServer({ noDelay: true });
  const isMutual = tls.ca !== undefined;
  try {
    return createTlsServer({
      ...tls,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
      noDelay: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError("OPTION_INVALID", `The TLS certificate or key cannot be used: ${reason}.`, error);
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
