import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { WebSocketServer } from "ws";

/** What a call gets: a result, a JSON-RPC error, or anything else that a server may do to a request. */
export type Reply =
  | { readonly result: unknown }
  | { readonly error: { code: number; message: string; data?: unknown }; readonly status?: number }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly raw: string | Buffer; readonly gzip?: boolean }
  | { readonly cut: "before" | "within" }
  | { readonly hang: true };

export type Answer = (method: string, params: readonly unknown[], request: IncomingMessage) => Reply;

/** A server on 127.0.0.1 that answers JSON-RPC as a test wants it, and announces slots where it is told to. */
export class LocalNode {
  readonly calls: { method: string; params: readonly unknown[]; headers: IncomingMessage["headers"] }[] = [];
  answer: Answer;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  /** Of clients that have subscribed. */
  readonly subscribed = new Set<import("ws").WebSocket>();
  #onSubscribe = Promise.withResolvers<void>();

  private constructor(answer: Answer, acceptSockets: boolean) {
    this.answer = answer;
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => {});
      if (!acceptSockets) return void socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        client.on("close", () => this.subscribed.delete(client));
        client.on("message", () => {
          client.send(JSON.stringify({ jsonrpc: "2.0", id: 1, result: 7 }));
          this.subscribed.add(client);
          this.#onSubscribe.resolve();
          this.#onSubscribe = Promise.withResolvers();
        });
      });
    });
  }

  static async start(answer: Answer, { sockets = false, port = 0 } = {}): Promise<LocalNode> {
    const node = new LocalNode(answer, sockets);
    node.#server.listen(port, "127.0.0.1");
    await once(node.#server, "listening");
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  countBlock(slot: number): number {
    return this.calls.filter(({ method, params }) => method === "getBlock" && params[0] === slot).length;
  }

  /** Resolves with the next subscription, or at once where there is one. */
  async untilSubscribed(): Promise<void> {
    if (this.subscribed.size === 0) await this.#onSubscribe.promise;
  }

  announce(slot: number): void {
    const result = { parent: slot - 1, root: slot - 32, slot };
    const text = JSON.stringify({
      jsonrpc: "2.0",
      method: "slotNotification",
      params: { result, subscription: 7 },
    });
    for (const client of this.subscribed) client.send(text);
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    const { id, method, params } = JSON.parse(Buffer.concat(body).toString());
    this.calls.push({ method, params, headers: request.headers });
    const reply = this.answer(method, params, request);
    response.setHeader("content-type", "application/json");
    if ("hang" in reply) return;
    if ("cut" in reply) {
      if (reply.cut === "before") return void request.socket.destroy();
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"jsonrpc":"2.0","result":{"blockhash":"');
      response.write("x", () => request.socket.destroy());
      return;
    }
    if ("raw" in reply) {
      if (reply.gzip === true) response.setHeader("content-encoding", "gzip");
      return void response.end(reply.gzip === true ? gzipSync(reply.raw) : reply.raw);
    }
    if ("result" in reply)
      return void response.end(JSON.stringify({ jsonrpc: "2.0", result: reply.result, id }));
    if ("error" in reply) {
      response.writeHead(reply.status ?? 200);
      return void response.end(JSON.stringify({ jsonrpc: "2.0", error: reply.error, id }));
    }
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body ?? "");
  }
}

/** A block in the form of getBlock, without transactions. */
export function emptyBlock(at: number, parent: number): Record<string, unknown> {
  return {
    blockHeight: at,
    blockTime: 1_700_000_000 + at,
    blockhash: hashOf(at),
    parentSlot: parent,
    previousBlockhash: hashOf(parent),
    transactions: [],
  };
}

/** 32 bytes that name a slot, in base58: its digits, which are never 0, I, O or l. */
function hashOf(at: number): string {
  return String(at).replaceAll("0", "z").padStart(44, "1").slice(0, 44);
}

/** The hash of the first block of the chain of `chainNode`. */
export const GENESIS = "genesis";

/** Answers like a node whose chain is `parents`: slot to the slot of its parent; the last one is the head. */
export function chainNode(parents: ReadonlyMap<number, number>, genesis = GENESIS): Answer {
  return (method, params) => {
    const slots = [...parents.keys()];
    const head = slots.at(-1) ?? 0;
    if (method === "getGenesisHash") return { result: genesis };
    if (method === "getSlot") return { result: head };
    if (method === "getFirstAvailableBlock") return { result: slots[0] ?? 0 };
    if (method === "getBlocks") {
      const [start, end] = params as [number, number];
      return { result: slots.filter((slot) => slot >= start && slot <= end) };
    }
    const at = Number(params[0]);
    const parent = parents.get(at);
    if (parent !== undefined) return { result: emptyBlock(at, parent) };
    if (at > head) return { error: { code: -32004, message: `Block not available for slot ${at}` } };
    return { error: { code: -32007, message: `Slot ${at} was skipped, or missing due to ledger jump` } };
  };
}
