import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands before a broker and cuts connections at the worst moment: the request was done, its answer is lost. */
export interface SeveringProxy {
  readonly port: number;
  /** The broker's port. */
  target: number;
  /** Every so many answers one is swallowed and its connection cut; 0 for none. */
  severEvery: number;
  /** How many it has cut. */
  readonly severed: number;
  /** Bytes that clients were sent. */
  readonly bytesAnswered: number;
  /** Changes the bytes of an answer on their way. */
  alter: (answer: Buffer) => void;
  stop(): Promise<void>;
}

export async function startSeveringProxy(): Promise<SeveringProxy> {
  const sockets = new Set<Socket>();
  let answers = 0;
  let severed = 0;
  let bytesAnswered = 0;
  const server = createServer((client) => {
    const broker = connect(proxy.target, "127.0.0.1");
    for (const socket of [client, broker]) {
      sockets.add(socket);
      const end = (): void => {
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      };
      socket.on("close", end);
      socket.on("error", end);
    }
    client.pipe(broker);
    broker.on("data", (answer) => {
      answers++;
      bytesAnswered += answer.length;
      proxy.alter(answer);
      if (proxy.severEvery > 0 && answers % proxy.severEvery === 0) {
        severed++;
        client.destroy();
      } else client.write(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const proxy: SeveringProxy = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    target: 0,
    severEvery: 0,
    alter: () => {},
    get severed() {
      return severed;
    },
    get bytesAnswered() {
      return bytesAnswered;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
