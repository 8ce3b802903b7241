import {
  type Connection,
  NetworkError,
  Reader,
  ResponseError,
  TimeoutError,
  Writer,
} from "@platformatic/kafka";
import { troubleOf } from "./link.ts";

/** A request whose body is made of pieces that go to the socket as they are. */
export interface GatheredRequest<Args extends unknown[], Response> {
  readonly key: number;
  /** A flexible one (KIP-482): its headers carry tagged fields. */
  readonly version: number;
  create(...args: Args): Writer;
  /** May throw a ResponseError that carries the answer: it is returned like one without error codes. */
  parse(correlationId: number, key: number, version: number, reader: Reader): Response;
}

interface Waiting {
  readonly parse: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const LENGTH_BYTES = 4;
const HEADER_BYTES = 8;
/** Answers to what is sent this way are small; a length beyond this is none. */
const MOST_ANSWER_BYTES = 64 << 20;
const CHANNELS = new WeakMap<Connection, Channel>();

/**
 * Sends a request on a connection without copying it into one buffer first, as the driver does: for megabytes of
 * records that is as much work as encoding them. The pieces must stay as they are until the promise is settled.
 * Rejects with the driver's errors when there is no answer.
 */
export async function askGathered<Args extends unknown[], Response>(
  link: Connection,
  clientId: string,
  timeoutMs: number,
  request: GatheredRequest<Args, Response>,
  ...args: Args
): Promise<Response> {
  let channel = CHANNELS.get(link);
  if (channel === undefined) {
    channel = new Channel(link);
    CHANNELS.set(link, channel);
  }
  try {
    return await channel.ask(clientId, timeoutMs, request, args);
  } catch (error) {
    throw troubleOf(link, error) ?? error;
  }
}

/**
 * Requests beside those of the driver, which authenticates and closes the connection. Ours have negative
 * correlation ids, the driver's never: answers to the others are passed on to it as they came.
 */
class Channel {
  readonly #link: Connection;
  readonly #waiting = new Map<number, Waiting>();
  readonly #toDriver: readonly ((bytes: Buffer) => void)[];
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #correlationId = 0;

  constructor(link: Connection) {
    this.#link = link;
    const { socket } = link;
    this.#toDriver = socket.listeners("data") as ((bytes: Buffer) => void)[];
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    link.on("close", () => this.#fail(new NetworkError("Connection closed")));
  }

  ask<Args extends unknown[], Response>(
    clientId: string,
    timeoutMs: number,
    request: GatheredRequest<Args, Response>,
    args: Args,
  ): Promise<Response> {
    const { socket } = this.#link;
    if (!socket.writable) return Promise.reject(new NetworkError("Connection closed"));
    this.#correlationId = ((this.#correlationId + 1) & 0x7fffffff) | 0x80000000;
    const id = this.#correlationId;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const parse = (frame: Buffer): void => settle(() => parseAnswer(request, id, frame), resolve, reject);
    const timer = setTimeout(() => this.#expire(id), timeoutMs);
    this.#waiting.set(id, { parse, reject, timer });
    const { buffers } = Writer.create()
      .appendInt16(request.key)
      .appendInt16(request.version)
      .appendInt32(id)
      .appendString(clientId, false)
      .appendTaggedFields()
      .appendFrom(request.create(...args))
      .prependLength();
    socket.cork();
    for (const piece of buffers) socket.write(piece);
    socket.uncork();
    return promise;
  }

  #receive(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    while (this.#receivedBytes >= HEADER_BYTES) {
      const [first] = this.#received;
      const head = first !== undefined && first.length >= HEADER_BYTES ? first : this.#joined();
      const length = LENGTH_BYTES + head.readInt32BE(0);
      if (length < HEADER_BYTES || length > MOST_ANSWER_BYTES) {
        this.#link.socket.destroy(new NetworkError(`An answer of ${length} bytes is none.`));
        return;
      }
      if (this.#receivedBytes < length) return;
      const all = this.#joined();
      this.#received = all.length > length ? [all.subarray(length)] : [];
      this.#receivedBytes -= length;
      this.#answer(all.subarray(0, length));
    }
  }

  #joined(): Buffer {
    const [first, second] = this.#received;
    const all = first !== undefined && second === undefined ? first : Buffer.concat(this.#received);
    this.#received = [all];
    return all;
  }

  #answer(frame: Buffer): void {
    const id = frame.readInt32BE(LENGTH_BYTES);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      for (const take of this.#toDriver) take(frame);
      return;
    }
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.parse(frame.subarray(HEADER_BYTES));
  }

  /** Whoever is silent for so long is not heard any more: an answer could come to bytes that are used again. */
  #expire(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#link.socket.destroy();
    waiting?.reject(new TimeoutError("Request timed out", { canRetry: true }));
  }

  #fail(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function settle<Result>(
  action: () => Result,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(action());
  } catch (error) {
    reject(error);
  }
}

/** The answer behind its header: one byte or more of tagged fields, then the body. */
function parseAnswer<Args extends unknown[], Response>(
  { key, version, parse }: GatheredRequest<Args, Response>,
  correlationId: number,
  frame: Buffer,
): Response {
  const reader = Reader.from(frame);
  reader.readTaggedFields();
  try {
    return parse(correlationId, key, version, reader);
  } catch (error) {
    if (error instanceof ResponseError && error.response !== undefined) return error.response as Response;
    throw error;
  }
}
