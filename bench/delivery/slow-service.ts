import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Where the service is that handlers call: HOST:PORT. */
const SERVICE_VARIABLE = "CANDLEWICK_BENCH_SERVICE";

/** A pool of connections to a service that answers a byte with a byte, 1 ms later; see bench/go. */
export interface SlowService {
  /** Resolves with the answer; there are at most as many calls at one time as connections. */
  call(): Promise<void>;
}

/** Starts the service with the program of bench/go; those that are started later find it in their environment. */
export async function startSlowService(program: string): Promise<ChildProcess> {
  const service = spawn(program, ["service"], { stdio: ["pipe", "pipe", "inherit"] });
  const [address] = await once(service.stdout, "data");
  process.env[SERVICE_VARIABLE] = String(address).trim();
  return service;
}

/** Opens so many connections to the service of the environment. */
export async function connectSlowService(connections: number): Promise<SlowService> {
  const [host = "", port = ""] = (process.env[SERVICE_VARIABLE] ?? "").split(":");
  const idle: Connection[] = [];
  for (let count = 0; count < connections; count++) {
    const socket = connect(Number(port), host);
    await once(socket, "connect");
    socket.setNoDelay(true);
    idle.push(new Connection(socket, (connection) => idle.push(connection)));
  }
  return {
    call() {
      const connection = idle.pop();
      if (connection === undefined) throw new Error("every connection is in use");
      return connection.call();
    },
  };
}

const REQUEST = Buffer.from([1]);

class Connection {
  readonly #socket: Socket;
  #answered: () => void = () => {};

  constructor(socket: Socket, onIdle: (connection: Connection) => void) {
    this.#socket = socket;
    socket.on("data", () => {
      onIdle(this);
      this.#answered();
    });
  }

  call(): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(REQUEST);
    });
  }
}
