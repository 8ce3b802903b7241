const MAX_INT64_HIGH = 0x7fff_ffff;
const MIN_INT64_HIGH = -0x8000_0000;

/**
 * Collects Kafka's primitive types. Large byte blocks (record batches) are kept as references between the
 * written pieces, so that they reach the socket without being copied.
 */
export class Writer {
  #chunks: Buffer[] = [];
  #buffer: Buffer;
  #start = 0;
  #position = 0;
  #size = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** Bytes written so far, references included. */
  get size(): number {
    return this.#size + this.#position - this.#start;
  }

  #reserve(size: number): number {
    const position = this.#position;
    if (position + size > this.#buffer.length) return this.#grow(size);
    this.#position = position + size;
    return position;
  }

  #grow(size: number): number {
    this.#seal();
    this.#buffer = Buffer.allocUnsafe(Math.max(size, Math.min(this.#buffer.length * 2, 1 << 20)));
    this.#start = 0;
    this.#position = size;
    return 0;
  }

  #seal(): void {
    if (this.#position === this.#start) return;
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#position));
    this.#size += this.#position - this.#start;
    this.#start = this.#position;
  }

  int8(value: number): void {
    const at = this.#reserve(1);
    this.#buffer.writeInt8(value, at);
  }

  bool(value: boolean): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value ? 1 : 0;
  }

  int16(value: number): void {
    const at = this.#reserve(2);
    this.#buffer.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    this.#buffer.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#buffer.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  int64(value: number): void {
    const at = this.#reserve(8);
    writeInt64(this.#buffer, value, at);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  uuid(value: string): void {
    const at = this.#reserve(16);
    this.#buffer.fill(0, at, at + 16);
    this.#buffer.write(value, at, 16, "base64url");
  }

  uvarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.int8((((rest & 0x7f) | 0x80) << 24) >> 24);
      rest = Math.floor(rest / 128);
    }
    this.int8(rest);
  }

  string(value: string, size: number): void {
    const at = this.#reserve(size);
    this.#buffer.write(value, at, size, "utf8");
  }

  /** Copies small blocks, refers to large ones; the caller must not change the bytes afterwards. */
  bytes(value: Buffer): void {
    if (value.length <= 512) {
      const at = this.#reserve(value.length);
      value.copy(this.#buffer, at);
      return;
    }
    this.#seal();
    this.#chunks.push(value);
    this.#size += value.length;
  }

  append(other: Writer): void {
    for (const chunk of other.finish()) this.bytes(chunk);
  }

  /** The pieces in order. The writer must not be used after it. */
  finish(): Buffer[] {
    this.#seal();
    return this.#chunks;
  }
}

/** Writes a number as a signed 64-bit integer; what lies outside the range becomes its nearest end. */
export function writeInt64(buffer: Buffer, value: number, position: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  if (high > MAX_INT64_HIGH) {
    buffer.writeInt32BE(MAX_INT64_HIGH, position);
    buffer.writeUInt32BE(0xffff_ffff, position + 4);
  } else if (high < MIN_INT64_HIGH) {
    buffer.writeInt32BE(MIN_INT64_HIGH, position);
    buffer.writeUInt32BE(0, position + 4);
  } else {
    buffer.writeInt32BE(high, position);
    buffer.writeUInt32BE(value - high * 0x1_0000_0000, position + 4);
  }
}
