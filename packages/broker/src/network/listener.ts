import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { BrokerParts } from "../api/handler.ts";
import { Authentication } from "../auth/authentication.ts";
import { BrokerError, systemCode } from "../broker-error.ts";
import type { Settings } from "../options.ts";
import { certifiedName } from "./certified-name.ts";
import { Connection } from "./connection.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import { Handshakes } from "./handshakes.ts";
import {
  asksForLogin,
  isEncrypted,
  type ListenerOptions,
  type SecurityProtocol,
} from "./listener-options.ts";

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Accepts the connections of one address, up to the bounds that hold for all listeners. */
export class Listener {
  readonly options: ListenerOptions;
  /** The address that it listens on. */
  readonly host: string;
  readonly #server: Server;
  /** All of them, those still in a TLS handshake included. */
  readonly #sockets = new Set<Socket>();
  readonly #handshakes: Handshakes;

  private constructor(options: ListenerOptions, host: string, server: Server, handshakes: Handshakes) {
    this.options = options;
    this.host = host;
    this.#server = server;
    this.#handshakes = handshakes;
  }

  /** Opens the port. Throws BrokerError PORT_IN_USE, ADDRESS_UNAVAILABLE or OPTION_INVALID. */
  static async open(
    parts: BrokerParts,
    options: ListenerOptions,
    limits: ConnectionLimits,
  ): Promise<Listener> {
    const { protocol, host = parts.settings.host, port = 0 } = options;
    if (asksForLogin(protocol) && parts.settings.sasl === undefined) throw incomplete(protocol, "sasl");
    const server = makeServer(protocol, options.tls ?? parts.settings.tls);
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
    const listener = new Listener(options, host, server, new Handshakes(parts.settings.log));
    const handshakes = isEncrypted(protocol) ? listener.#handshakes : undefined;
    server.on("connection", (socket: Socket) => {
      if (listener.#admit(socket, parts, limits)) handshakes?.begin(socket);
    });
    server.on("tlsClientError", (error: Error, socket: Socket) => handshakes?.explain(error, socket));
    server.on("secureConnection", (socket: Socket) => handshakes?.complete(socket));
    server.on(isEncrypted(protocol) ? "secureConnection" : "connection", (socket: Socket) =>
      listener.#serve(socket, parts, options, host),
    );
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  #admit(socket: Socket, { settings }: BrokerParts, limits: ConnectionLimits): boolean {
    const address = socket.remoteAddress ?? "";
    const verdict = limits.admit(address);
    if (verdict !== "admitted") {
      settings.log({ level: "warn", msg: `connection refused: ${verdict}`, client: address });
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      limits.release(address);
      this.#sockets.delete(socket);
    });
    return true;
  }

  #serve(socket: Socket, parts: BrokerParts, options: ListenerOptions, host: string): void {
    if (socket.destroyed) return;
    const reachable = WILDCARDS.has(host) ? (socket.localAddress ?? host) : host;
    const advertised = {
      host: options.advertisedHost ?? reachable,
      port: options.advertisedPort ?? this.port,
    };
    const login = asksForLogin(options.protocol) ? parts.settings.sasl : undefined;
    const authentication = new Authentication(login, parts, certifiedName(socket));
    new Connection(socket, parts, advertised, authentication);
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#handshakes.close();
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}

function incomplete(protocol: SecurityProtocol, option: string): BrokerError {
  const message = `A listener of the protocol ${protocol} needs the option ${option}; set it, or choose another.`;
  return new BrokerError("OPTION_INVALID", message);
}

function makeServer(protocol: SecurityProtocol, tls: Settings["tls"]): Server {
  if (!isEncrypted(protocol)) return createServer({ noDelay: true });
  if (tls === undefined) throw incomplete(protocol, "tls");
  const { clientAuth = tls.ca === undefined ? "none" : "required", ...material } = tls;
  try {
    return createTlsServer({
      ...material,
      requestCert: clientAuth !== "none",
      rejectUnauthorized: clientAuth === "required",
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
