import type { ServerMessage, Subscription } from "./wire.ts";

export type ConnectionState = "connecting" | "live" | "lost";

export interface FeedHandlers {
  onMessage(message: ServerMessage): void;
  onState(state: ConnectionState): void;
}

const FIRST_DELAY_MS = 300;
const MAX_DELAY_MS = 8_000;
/** The status comes each second: after such a silence the connection is dead, whatever the browser thinks. */
const SILENCE_MS = 8_000;

/** A WebSocket that comes back by itself and then asks for all that was subscribed. */
export class Feed {
  readonly #url: string;
  readonly #handlers: FeedHandlers;
  readonly #subscriptions = new Map<string, Subscription>();
  #socket: WebSocket | null = null;
  #delayMs = FIRST_DELAY_MS;
  #heardAtMs = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(url: string, handlers: FeedHandlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  start(): void {
    this.#connect();
    setInterval(() => {
      if (this.#socket?.readyState === WebSocket.OPEN && performance.now() - this.#heardAtMs > SILENCE_MS) {
        this.#lost(this.#socket);
      }
    }, 2_000);
    window.addEventListener("online", () => this.#reconnectNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#reconnectNow();
    });
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(JSON.stringify(subscription), subscription);
    this.#send("subscribe", subscription);
  }

  unsubscribe(subscription: Subscription): void {
    if (this.#subscriptions.delete(JSON.stringify(subscription))) this.#send("unsubscribe", subscription);
  }

  #connect(): void {
    this.#retry = null;
    this.#handlers.onState("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAtMs = performance.now();
      this.#delayMs = FIRST_DELAY_MS;
      this.#handlers.onState("live");
      for (const subscription of this.#subscriptions.values()) this.#send("subscribe", subscription);
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      this.#heardAtMs = performance.now();
      this.#handlers.onMessage(JSON.parse(event.data));
    };
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
    this.#handlers.onState("lost");
    // Spread out, so that all pages do not come back in the same moment.
    this.#retry = setTimeout(() => this.#connect(), this.#delayMs * (0.5 + Math.random() / 2));
    this.#delayMs = Math.min(MAX_DELAY_MS, this.#delayMs * 2);
  }

  #reconnectNow(): void {
    if (this.#retry === null) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  #send(op: "subscribe" | "unsubscribe", subscription: Subscription): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ op, ...subscription }));
    }
  }
}
