/** The bytes do not form the message they claim to be. It ends the connection they came on, nothing else. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** The bytes end before a field of fixed size does. */
export class TruncatedMessage extends MalformedMessage {}

/**
 * Upper bound on array elements in one message. A few bytes on the wire can announce an element that costs a
 * hundred in memory; this keeps a hostile request from multiplying itself.
 */
const MAX_ELEMENTS = 1_000_000;

/** Reads Kafka's primitive types from a buffer; every read is checked against the end. */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  readonly end: number;
  #elements = 0;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves past a field of `size` bytes and returns where it begins. */
  take(size: number): number {
    const start = this.position;
    if (size < 0 || size > this.end - start) {
      throw new TruncatedMessage(`${size} bytes expected at ${start}, ${this.end - start} left`);
    }
    this.position = start + size;
    return start;
  }

  /** The same for a field whose size the message announces. */
  #takeAnnounced(size: number): number {
    if (size < 0 || size > this.remaining) {
      throw new MalformedMessage(`${size} bytes announced at ${this.position}, ${this.remaining} left`);
    }
    return this.take(size);
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1));
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  int64(): number {
    return readInt64(this.buffer, this.take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  uuid(): string {
    const start = this.take(16);
    return this.buffer.toString("base64url", start, start + 16);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new MalformedMessage("variable-length integer longer than 32 bits");
  }

  string(length: number): string {
    const start = this.#takeAnnounced(length);
    return this.buffer.toString("utf8", start, start + length);
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#takeAnnounced(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Checks an announced array length before anything is allocated for it. */
  elements(count: number): number {
    this.#elements += count;
    if (count < 0 || count > this.remaining || this.#elements > MAX_ELEMENTS) {
      throw new MalformedMessage(`array of ${count} elements does not fit the message`);
    }
    return count;
  }
}

/** A signed 64-bit big-endian integer as a number (exact up to 2^53). */
export function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * 0x1_0000_0000 + buffer.readUInt32BE(position + 4);
}
