import { once } from "node:events";
import { Metadata, type ServerDuplexStream, ServerInterceptingCall, status } from "@grpc/grpc-js";
import type { DevnetClock } from "../rpc/clock.ts";
import type { UpdateFeed } from "./feed.ts";
import {
  pingUpdate,
  pongUpdate,
  readSubscription,
  type StreamEvent,
  type Subscription,
  updatesFor,
} from "./messages.ts";

export interface StreamRules {
  readonly pingMs: number;
  readonly maxUnsentEvents: number;
  readonly cuts: () => boolean;
}

const PINGS_UNANSWERED = 3;
const MAX_GATHERED_BYTES = 64 * 1024;

/**
 * Takes messages while those before them are still being written, so that Node puts all that wait into common
 * DATA frames, as servers in Rust do. One frame for each message is what h2, the HTTP/2 of the official client,
 * takes for an attack (`too_many_data_frames`): it counts frames below 256 bytes that its reader has not taken
 * yet. A reader that is slower than the stream holds the writer after 64 KiB.
 */
export class GatheringCall extends ServerInterceptingCall {
  #unsent = 0;
  #held: (() => void) | null = null;

  override sendMessage(message: Buffer, taken: () => void): void {
    this.#unsent += message.length;
    super.sendMessage(message, () => {
      this.#unsent -= message.length;
      if (this.#unsent >= MAX_GATHERED_BYTES) return;
      const held = this.#held;
      this.#held = null;
      held?.();
    });
    if (this.#unsent < MAX_GATHERED_BYTES) taken();
    else this.#held = taken;
  }
}

/** One client's stream: what it subscribed to, and what it is told. A new request replaces the one before. */
export class ClientStream {
  /** Resolves when the stream has ended. */
  readonly done: Promise<void>;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #feed: UpdateFeed;
  readonly #clock: DevnetClock;
  readonly #rules: StreamRules;
  readonly #ended = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #subscription: Subscription | null = null;
  #unansweredPings = 0;
  readonly #waiting: StreamEvent[] = [];
  #pumping = false;

  constructor(
    call: ServerDuplexStream<Buffer, Buffer>,
    feed: UpdateFeed,
    clock: DevnetClock,
    rules: StreamRules,
  ) {
    this.#call = call;
    this.#feed = feed;
    this.#clock = clock;
    this.#rules = rules;
    this.done = this.#ended.promise;
    call.on("data", (message: Buffer) => this.#asked(message));
    call.on("end", () => this.#end());
    call.on("cancelled", () => this.#end());
    call.on("error", () => this.#end());
    // Clients wait for the headers before they ask for anything.
    call.sendMetadata(new Metadata());
    // Rejects when the stream ends: there is nobody left to ping.
    this.#ping().catch(() => {});
  }

  tell(event: StreamEvent): void {
    if (this.#subscription === null || this.#over.signal.aborted) return;
    this.#waiting.push(event);
    if (this.#waiting.length > this.#rules.maxUnsentEvents) {
      this.cut("the reader is too slow");
      return;
    }
    if (this.#pumping) return;
    this.#pumping = true;
    // Rejects when the stream ends: there is nobody left to tell.
    this.#pump().catch(() => {});
  }

  cut(reason: string): void {
    if (!this.#over.signal.aborted) this.#refuse(status.UNAVAILABLE, reason);
  }

  #refuse(code: status, details: string): void {
    this.#close();
    // It ends the call with that status; an end of our own besides would race with it.
    this.#call.emit("error", { code, details });
  }

  #asked(message: Buffer): void {
    let asked: Subscription;
    try {
      asked = readSubscription(message);
    } catch (error) {
      this.#refuse(status.INVALID_ARGUMENT, String(error));
      return;
    }
    if (asked.ping !== null) {
      this.#unansweredPings = 0;
      this.#call.write(pongUpdate(asked.ping, this.#clock.now()));
      // A request that carries only a ping leaves the filters as they are.
      if (asked.slots.length + asked.blocks.length + asked.blocksMeta.length === 0) return;
    }
    this.#subscription = asked;
    if (asked.fromSlot === null) return;
    const first = this.#feed.firstAvailable();
    if (asked.fromSlot < first) {
      const details = `broadcast from ${asked.fromSlot} is not available, last available: ${first}`;
      this.#refuse(status.INTERNAL, details);
      return;
    }
    for (const event of this.#feed.replay(asked.fromSlot)) this.tell(event);
  }

  /** As fast as the client reads. */
  async #pump(): Promise<void> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event === undefined || this.#subscription === null) break;
      if (this.#rules.cuts()) {
        this.cut("the connection is cut");
        return;
      }
      for (const update of updatesFor(event, this.#subscription, this.#clock.now())) {
        if (!this.#call.write(update)) await once(this.#call, "drain", { signal: this.#over.signal });
      }
    }
    this.#pumping = false;
  }

  async #ping(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#clock.delay(this.#rules.pingMs, signal);
      if (++this.#unansweredPings > PINGS_UNANSWERED) {
        this.cut("no answer to pings");
        return;
      }
      this.#call.write(pingUpdate(this.#clock.now()));
    }
  }

  #end(): void {
    if (this.#over.signal.aborted) return;
    this.#close();
    this.#call.end();
  }

  #close(): void {
    this.#over.abort(new Error("the stream has ended"));
    this.#ended.resolve();
  }
}
