import { encodeBase58 } from "./base58.ts";

/** Bytes that are no protobuf message; the message goes on a sentence about one. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

/** Wire types of protobuf; groups were never used by anything that is read here. */
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/**
 * Walks over the fields of a protobuf message without building anything: a step reads one field's number and
 * where its value lies, the caller takes what it wants and the rest is passed over.
 * Format: protobuf.dev, "Encoding".
 */
export class ProtobufCursor {
  readonly bytes: Buffer;
  #end: number;
  #at: number;
  /** Number of the field that the last step reached. */
  field = 0;
  /** Its value, where that is a number that fits 32 bits; else the low half. */
  #low = 0;
  #high = 0;
  /** Where its value lies, where that is a text, bytes or a message. */
  start = 0;
  end = 0;
  #type = VARINT;
  #inner: ProtobufCursor | undefined;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    const { buffer, byteOffset, byteLength } = bytes;
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** Goes on with a message that lies between two offsets of the same bytes. */
  enter(start: number, end: number): this {
    this.#at = start;
    this.#end = end;
    return this;
  }

  /** Steps to the next field; false at the end. Throws a ProtobufError for bytes that cannot be a message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.#varint();
    const key = this.#low >>> 0;
    this.field = key >>> 3;
    this.#type = key & 7;
    if (this.field === 0) throw new ProtobufError("it has a field with number 0");
    switch (this.#type) {
      case VARINT:
        this.#varint();
        return true;
      case BYTES:
        this.#varint();
        if (this.#high !== 0) throw new ProtobufError("a length of it is beyond its end");
        return this.#span(this.#low >>> 0);
      case FIXED_64:
        return this.#span(8);
      case FIXED_32:
        return this.#span(4);
      default:
        throw new ProtobufError(`it has a field of wire type ${this.#type}`);
    }
  }

  /** The field as a whole number; null where it is none or above 2^53 - 1. */
  get number(): number | null {
    if (this.#type !== VARINT || this.#high > 0x1fffff) return null;
    return this.#high * 0x1_0000_0000 + (this.#low >>> 0);
  }

  /** Whether the field is bytes, a text or a message. */
  get isBytes(): boolean {
    return this.#type === BYTES;
  }

  /** The field's bytes, not copied; empty where it has none. */
  get value(): Uint8Array {
    return this.isBytes ? this.bytes.subarray(this.start, this.end) : EMPTY;
  }

  /** The field's bytes as base58 text: a key or a signature. */
  get base58(): string {
    return this.isBytes ? encodeBase58(this.bytes, this.start, this.end) : "";
  }

  get text(): string {
    return this.isBytes ? this.bytes.toString("utf8", this.start, this.end) : "";
  }

  /**
   * Walks the message that the field holds; one without fields where it holds none. A cursor has one walker,
   * which the next message takes over.
   */
  get message(): ProtobufCursor {
    this.#inner ??= new ProtobufCursor(this.bytes);
    return this.isBytes ? this.#inner.enter(this.start, this.end) : this.#inner.enter(0, 0);
  }

  #span(size: number): boolean {
    this.start = this.#at;
    this.end = this.#at + size;
    if (this.end > this.#end) throw new ProtobufError("a length of it is beyond its end");
    this.#at = this.end;
    return true;
  }

  /** Seven bits a byte, least first, at most ten bytes: into two halves of 32 bits. */
  #varint(): void {
    const first = this.bytes[this.#at] ?? 0x80;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      this.#low = first;
      this.#high = 0;
      return;
    }
    this.#low = 0;
    this.#high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#at < this.#end ? this.bytes[this.#at++] : undefined;
      if (byte === undefined) throw new ProtobufError("it ends within a number");
      const bits = byte & 0x7f;
      if (shift < 28) this.#low |= bits << shift;
      else if (shift === 28) {
        this.#low |= bits << 28;
        this.#high = bits >> 4;
      } else this.#high |= (bits << (shift - 32)) & -1;
      if (byte < 0x80) {
        this.#high >>>= 0;
        return;
      }
    }
    throw new ProtobufError("a number of it has more than ten bytes");
  }
}

const EMPTY = Buffer.alloc(0);

/** The numbers of a packed field; null in place of those above 2^53 - 1. Throws a ProtobufError where one is cut. */
export function readPacked(bytes: Uint8Array): (number | null)[] {
  const numbers: (number | null)[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    numbers.push(Number.isSafeInteger(value) ? value : null);
    value = 0;
    scale = 1;
  }
  if (scale !== 1) throw new ProtobufError("it ends within a number");
  return numbers;
}
