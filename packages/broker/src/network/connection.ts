import type { Socket } from "node:net";
import type { BrokerParts } from "../api/handler.ts";
import { Access } from "../auth/access.ts";
import type { Authentication } from "../auth/authentication.ts";
import type { Timer } from "../clock.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import { type ClientEnd, dispatch } from "./dispatch.ts";
import { Framing } from "./framing.ts";
import { Interceptor } from "./interceptor.ts";
import { RefusalLog } from "./refusal-log.ts";

/** Answers waiting to be sent beyond this make the connection stop taking requests. */
const MAX_UNSENT_BYTES = 8 << 20;

/** Requests under way, and answers waiting for their turn, beyond this do the same. */
const MAX_HELD_BYTES = 64 << 20;

const FETCH_KEY = 1;

interface Slot {
  heldBytes: number;
  /** What the request took of the memory that all connections share. */
  readonly reservedBytes: number;
  readonly isFetch: boolean;
  done: boolean;
  pieces: Buffer[] | undefined;
}

/**
 * One client's connection. Requests begin in the order in which they came, run side by side up to a bound, and
 * are answered in that order. What goes wrong with one connection ends that connection only.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #parts: BrokerParts;
  readonly #client: ClientEnd;
  readonly #framing: Framing;
  readonly #slots: Slot[] = [];
  #heldBytes = 0;
  readonly #interceptor: Interceptor | undefined;
  /** A fetch that waits until the one before it is answered: together they could hold any amount of memory. */
  #nextFetch: Buffer | undefined;
  #isFetching = false;
  /** Taken of the shared memory: for requests in all, for the one that is arriving, and for unsent answers. */
  #requestBytes = 0;
  #arrivingBytes = 0;
  #answerBytes = 0;
  #waitsForMemory = false;
  /** While a quota is to be kept to, nothing is read. */
  #muted: Timer | undefined;
  #paused = false;
  #closed = false;

  constructor(
    socket: Socket,
    parts: BrokerParts,
    advertised: ClientEnd["advertised"],
    authentication: Authentication,
  ) {
    this.#socket = socket;
    this.#parts = parts;
    const address = socket.remoteAddress ?? "";
    const access = new Access(parts.authorizer, authentication, address);
    const clientHost = `/${address}`;
    const refusals = new RefusalLog(parts.settings.log, clientHost);
    const mute = (delayMs: number): void => this.#mute(delayMs);
    this.#client = { clientHost, authentication, access, advertised, refusals, mute };
    this.#framing = new Framing(parts.settings.requestMaxBytes, (bytes) => this.#reserve(bytes));
    const { intercept } = parts.settings;
    this.#interceptor = intercept === undefined ? undefined : new Interceptor(intercept, parts);
    socket.setNoDelay(true);
    socket.setTimeout(parts.settings.connectionIdleMs, () => this.#idle());
    socket.on("data", (chunk: Buffer) => {
      this.#framing.push(chunk);
      this.#takeRequests();
    });
    socket.on("drain", () => this.#resume());
    socket.on("error", (error) => this.#log("debug", "connection failed", { error: error.message }));
    socket.on("close", () => {
      this.#closed = true;
      this.#muted?.cancel();
      this.#freeAll();
    });
  }

  #log(level: "debug" | "warn" | "error", msg: string, fields: Record<string, unknown>): void {
    this.#parts.settings.log({ level, msg, client: this.#client.clientHost, ...fields });
  }

  #idle(): void {
    // Long polls and joins are quiet too: only a connection that waits for nothing is idle.
    if (this.#slots.length > 0 || this.#muted !== undefined || this.#closed) return;
    const { connectionIdleMs } = this.#parts.settings;
    this.#log("debug", "connection closed: idle", { idleMs: connectionIdleMs });
    this.close();
  }

  get #isFull(): boolean {
    return (
      this.#muted !== undefined ||
      this.#slots.length >= this.#parts.settings.maxInFlightPerConnection ||
      this.#heldBytes > MAX_HELD_BYTES ||
      this.#socket.writableLength > MAX_UNSENT_BYTES
    );
  }

  #takeRequests(): void {
    try {
      while (!this.#closed) {
        if (this.#isFull) {
          this.#pause();
          return;
        }
        const request = this.#nextFetch ?? this.#framing.next();
        if (request === undefined) {
          if (this.#framing.isStarved) this.#waitForMemory();
          return;
        }
        const isFetch = request.length >= 2 && request.readInt16BE(0) === FETCH_KEY;
        this.#nextFetch = isFetch && this.#isFetching ? request : undefined;
        if (this.#nextFetch !== undefined) {
          this.#pause();
          return;
        }
        this.#begin(request, isFetch);
      }
    } catch (error) {
      this.#end(error);
    }
  }

  #mute(delayMs: number): void {
    if (this.#closed) return;
    this.#muted?.cancel();
    this.#pause();
    this.#muted = this.#parts.clock.setTimer(delayMs, () => {
      this.#muted = undefined;
      this.#resume();
    });
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #reserve(bytes: number): boolean {
    if (!this.#parts.memory.requests.tryTake(bytes)) return false;
    this.#requestBytes += bytes;
    this.#arrivingBytes = bytes;
    return true;
  }

  #waitForMemory(): void {
    this.#pause();
    if (this.#waitsForMemory) return;
    this.#waitsForMemory = true;
    this.#parts.memory.requests.whenFreed(() => {
      this.#waitsForMemory = false;
      this.#resume();
    });
  }

  #freeAll(): void {
    const { requests, answers } = this.#parts.memory;
    requests.give(this.#requestBytes);
    answers.give(this.#answerBytes);
    this.#requestBytes = 0;
    this.#answerBytes = 0;
    this.#nextFetch = undefined;
    this.#slots.length = 0;
  }

  #begin(request: Buffer, isFetch: boolean): void {
    const slot: Slot = {
      heldBytes: 0,
      reservedBytes: this.#arrivingBytes,
      isFetch,
      done: false,
      pieces: undefined,
    };
    this.#arrivingBytes = 0;
    this.#isFetching ||= isFetch;
    const serve = (): Promise<Buffer[] | undefined> => dispatch(this.#parts, request, this.#client);
    const answer = this.#interceptor === undefined ? serve() : this.#interceptor.pass(request, serve);
    this.#slots.push(slot);
    this.#hold(slot, request.length);
    answer.then(
      (pieces) => {
        if (this.#closed) return;
        slot.done = true;
        slot.pieces = pieces;
        for (const piece of pieces ?? []) this.#hold(slot, piece.length);
        this.#sendReady();
      },
      (error: unknown) => this.#end(error),
    );
  }

  #hold(slot: Slot, bytes: number): void {
    slot.heldBytes += bytes;
    this.#heldBytes += bytes;
  }

  #sendReady(): void {
    if (this.#closed) return;
    this.#socket.cork();
    for (let first = this.#slots[0]; first?.done === true; first = this.#slots[0]) {
      this.#slots.shift();
      this.#heldBytes -= first.heldBytes;
      this.#requestBytes -= first.reservedBytes;
      this.#parts.memory.requests.give(first.reservedBytes);
      if (first.isFetch) this.#isFetching = false;
      this.#write(first.pieces ?? []);
    }
    this.#socket.uncork();
    this.#resume();
  }

  #write(pieces: readonly Buffer[]): void {
    const { answers } = this.#parts.memory;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    answers.take(bytes);
    this.#answerBytes += bytes;
    const last = pieces.length - 1;
    for (const [at, piece] of pieces.entries()) {
      if (at < last) this.#socket.write(piece);
      else this.#socket.write(piece, () => this.#sent(bytes));
    }
  }

  /** The system has taken an answer, or the connection ended, which has freed everything. */
  #sent(bytes: number): void {
    if (this.#answerBytes < bytes) return;
    this.#answerBytes -= bytes;
    this.#parts.memory.answers.give(bytes);
  }

  #resume(): void {
    if (!this.#paused || this.#isFull || this.#closed) return;
    this.#paused = false;
    this.#takeRequests();
    if (!this.#paused) this.#socket.resume();
  }

  #end(error: unknown): void {
    // A socket that is destroyed tells so only later.
    if (this.#closed || this.#socket.destroyed) return;
    if (error instanceof MalformedMessage) {
      this.#log("warn", "connection closed: not a request that this broker serves", {
        reason: error.message,
      });
    } else {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.#log("error", "connection closed: a request failed inside the broker", { error: message, stack });
    }
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}
