import { MalformedMessage } from "../protocol/reader.ts";

const SIZE_BYTES = 4;

/**
 * Cuts a byte stream into messages that are preceded by their size. A message that arrived in one piece is
 * handed on without a copy; one in several pieces is put together in a buffer of its own.
 */
export class Framing {
  readonly #maxBytes: number;
  readonly #reserve: (bytes: number) => boolean;
  readonly #sizeBytes = Buffer.alloc(SIZE_BYTES);
  #sizeFilled = 0;
  /** Size of a message whose memory was refused. */
  #refused: number | undefined;
  #message: Buffer | undefined;
  #messageFilled = 0;
  #chunk: Buffer = Buffer.alloc(0);

  /** `reserve` is asked before memory is taken for a message that arrives in pieces; refused, it is asked again. */
  constructor(maxBytes: number, reserve: (bytes: number) => boolean = () => true) {
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
  }

  /** Adds what arrived; `next` must have been called until it had nothing more. */
  push(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
  }

  /** True if the next message waits for memory. */
  get isStarved(): boolean {
    return this.#refused !== undefined;
  }

  /** The next whole message, or undefined. Throws MalformedMessage for a size that is not allowed. */
  next(): Buffer | undefined {
    if (this.#message === undefined) {
      const size = this.#refused ?? this.#readSize();
      if (size === undefined) return undefined;
      if (this.#chunk.length < size && !this.#reserve(size)) {
        this.#refused = size;
        return undefined;
      }
      this.#refused = undefined;
      if (this.#chunk.length >= size) return this.#take(size);
      this.#message = Buffer.allocUnsafeSlow(size);
      this.#messageFilled = 0;
    }
    const message = this.#message;
    const piece = this.#take(Math.min(this.#chunk.length, message.length - this.#messageFilled));
    piece.copy(message, this.#messageFilled);
    this.#messageFilled += piece.length;
    if (this.#messageFilled < message.length) return undefined;
    this.#message = undefined;
    return message;
  }

  #readSize(): number | undefined {
    const piece = this.#take(Math.min(this.#chunk.length, SIZE_BYTES - this.#sizeFilled));
    piece.copy(this.#sizeBytes, this.#sizeFilled);
    this.#sizeFilled += piece.length;
    if (this.#sizeFilled < SIZE_BYTES) return undefined;
    this.#sizeFilled = 0;
    const size = this.#sizeBytes.readInt32BE(0);
    if (size < 0 || size > this.#maxBytes) {
      throw new MalformedMessage(`message of ${size} bytes; at most ${this.#maxBytes} are allowed`);
    }
    return size;
  }

  #take(count: number): Buffer {
    const piece = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    return piece;
  }
}
