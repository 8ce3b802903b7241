import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { DevnetClock } from "./clock.ts";
import { errorText, requestOf, resultText } from "./dispatch.ts";
import type { FaultPlan } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { RPC_ERRORS } from "./rpc-error.ts";

type Topic = "slot" | "root";

const MAX_CONNECTIONS = 100;
const MAX_SUBSCRIPTIONS = 100;
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A reader that lets so much pile up is cut, as nodes do. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** After a pause of the machine older slots are not told one by one. */
const MAX_CATCH_UP_SLOTS = 100;

/** Tells subscribers over WebSocket of each new slot and root. */
export class Subscriptions {
  readonly #ledger: Ledger;
  readonly #clock: DevnetClock;
  readonly #faults: FaultPlan;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  readonly #topics = new Map<WebSocket, Map<number, Topic>>();
  /** Connections that are told nothing any more, and not closed either. */
  readonly #silent = new WeakSet<WebSocket>();
  readonly #stop = new AbortController();
  #nextId = 1;

  constructor(ledger: Ledger, clock: DevnetClock, faults: FaultPlan) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#faults = faults;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#topics.size >= MAX_CONNECTIONS) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#connected(webSocket));
  }

  /** Follows the chain's time until `stop`. */
  async run(): Promise<void> {
    const { calendar } = this.#ledger.chain;
    let told = this.#ledger.head("processed");
    let root = this.#ledger.head("finalized");
    while (!this.#stop.signal.aborted) {
      const next = Math.max(told + 1, calendar.slotAt(this.#clock.now()) - MAX_CATCH_UP_SLOTS);
      const waitMs = calendar.endOf(next + this.#ledger.behindSlots) - this.#clock.now();
      if (waitMs > 0 && !(await this.#waited(waitMs))) return;
      told = next;
      const parent = this.#parentOf(next);
      if (parent === null) continue;
      const newRoot = this.#ledger.head("finalized");
      this.#tell("slot", JSON.stringify({ parent, root: newRoot, slot: next }));
      if (newRoot > root) this.#tell("root", String(newRoot));
      root = newRoot;
    }
  }

  /** Slots whose block will die are told as well; null for a slot without any block. */
  #parentOf(slot: number): number | null {
    const { calendar } = this.#ledger.chain;
    if (calendar.hasBlock(slot)) return calendar.parentOf(slot);
    return calendar.hasOrphan(slot) ? calendar.orphanParentOf(slot) : null;
  }

  stop(): void {
    this.#stop.abort();
    for (const webSocket of this.#topics.keys()) webSocket.terminate();
    this.#topics.clear();
  }

  /** False when it was stopped meanwhile. */
  async #waited(ms: number): Promise<boolean> {
    try {
      await this.#clock.delay(ms, this.#stop.signal);
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      throw error;
    }
  }

  #connected(webSocket: WebSocket): void {
    this.#topics.set(webSocket, new Map());
    webSocket.on("close", () => this.#topics.delete(webSocket));
    // A broken connection closes right after; there is nobody left to tell.
    webSocket.on("error", () => webSocket.terminate());
    webSocket.on("message", (data, isBinary) => {
      const text = Array.isArray(data)
        ? Buffer.concat(data).toString()
        : Buffer.from(data as Buffer).toString();
      webSocket.send(isBinary ? errorText(null, RPC_ERRORS.parse()) : this.#answer(webSocket, text));
    });
  }

  #answer(webSocket: WebSocket, text: string): string {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return errorText(null, RPC_ERRORS.parse());
    }
    const request = requestOf(parsed);
    if (request === null) return errorText(null, RPC_ERRORS.invalidRequest());
    const topics = this.#topics.get(webSocket) ?? new Map<number, Topic>();
    switch (request.method) {
      case "slotSubscribe":
      case "rootSubscribe": {
        if (topics.size >= MAX_SUBSCRIPTIONS) {
          return errorText(request.id, RPC_ERRORS.invalidParams("Too many subscriptions"));
        }
        const id = this.#nextId++;
        topics.set(id, request.method === "slotSubscribe" ? "slot" : "root");
        return resultText(request.id, String(id));
      }
      case "slotUnsubscribe":
      case "rootUnsubscribe": {
        const id: unknown = Array.isArray(request.params) ? request.params[0] : undefined;
        if (typeof id !== "number" || !topics.delete(id)) {
          return errorText(request.id, RPC_ERRORS.invalidParams("Invalid subscription id."));
        }
        return resultText(request.id, "true");
      }
      default:
        return errorText(request.id, RPC_ERRORS.methodNotFound());
    }
  }

  #tell(topic: Topic, result: string): void {
    for (const [webSocket, topics] of this.#topics) {
      for (const [id, wanted] of topics) {
        if (wanted !== topic || this.#silent.has(webSocket)) continue;
        const fault = this.#faults.nextNotification();
        if (fault === "silent") {
          this.#silent.add(webSocket);
          continue;
        }
        if (fault === "cut" || webSocket.bufferedAmount > MAX_UNSENT_BYTES) {
          webSocket.terminate();
          break;
        }
        webSocket.send(
          `{"jsonrpc":"2.0","method":"${topic}Notification","params":{"result":${result},"subscription":${id}}}`,
        );
      }
    }
  }
}
