import type { Socket } from "node:net";
import type { LogLine } from "../options.ts";

/** Of so many clients is it known that they were told of; beyond it the one that was first is told of again. */
const MAX_TOLD = 1000;

const GONE = "the client ended it, or has no certificate that is trusted";

interface Handshake {
  readonly address: string;
  reason: string | undefined;
  /** True once nothing more is to be said of it. */
  isOver: boolean;
}

/** The TLS handshakes under way on one listener, and what is said of those that fail. */
export class Handshakes {
  readonly #write: (line: LogLine) => void;
  /** By the client's address and port: the encrypted socket is another object than the one below it. */
  readonly #open = new Map<string, Handshake>();
  /** The addresses that a warning has named, oldest first. */
  readonly #told = new Set<string>();

  constructor(write: (line: LogLine) => void) {
    this.#write = write;
  }

  /** Takes note of a connection on which a handshake is to come; one that ends before `complete` has failed. */
  begin(socket: Socket): void {
    const key = keyOf(socket);
    const handshake: Handshake = { address: socket.remoteAddress ?? "", reason: undefined, isOver: false };
    this.#open.set(key, handshake);
    socket.once("close", () => {
      if (this.#open.get(key) === handshake) this.#open.delete(key);
      if (!handshake.isOver) this.#tell(handshake);
    });
  }

  /** Takes note of why one fails. A socket that is gone already cannot be told from others any more. */
  explain(error: Error, socket: Socket): void {
    const handshake = this.#open.get(keyOf(socket));
    if (handshake !== undefined) handshake.reason = error.message.trim();
  }

  complete(socket: Socket): void {
    this.#end(keyOf(socket));
  }

  /** Forgets those under way: it is the broker that ends them. */
  close(): void {
    for (const key of [...this.#open.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const handshake = this.#open.get(key);
    if (handshake !== undefined) handshake.isOver = true;
    this.#open.delete(key);
  }

  /** A warning for the first of a client, which may go on trying for ever. */
  #tell({ address, reason = GONE }: Handshake): void {
    const level = this.#told.has(address) ? "debug" : "warn";
    this.#told.add(address);
    const [oldest] = this.#told;
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
    this.#write({ level, msg: "TLS handshake failed", reason, client: address });
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
