const NOTHING = Buffer.alloc(0);
const MASK_64 = (1n << 64n) - 1n;

/** Buffers of finished writers: thousands of small ones are filled for each block. */
const spare: Buffer[] = [];
const SPARE_LIMIT = 16;

/** Writes little-endian fields one after the other, as Borsh does. */
export class ByteWriter {
  #buffer = spare.pop() ?? Buffer.alloc(1_024);
  #length = 0;

  /** Bytes given as hexadecimal text: discriminators. */
  hex(text: string): this {
    const length = text.length / 2;
    this.#reserve(length);
    this.#buffer.write(text, this.#length, "hex");
    this.#length += length;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
    return this;
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  u16(value: number): this {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
    return this;
  }

  i32(value: number): this {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32LE(value, this.#length);
    return this;
  }

  /** One or more u64. */
  u64(...values: readonly bigint[]): this {
    this.#reserve(8 * values.length);
    for (const value of values) this.#length = this.#buffer.writeBigUInt64LE(value, this.#length);
    return this;
  }

  u128(value: bigint): this {
    return this.u64(value & MASK_64, value >> 64n);
  }

  /** Length-prefixed UTF-8. */
  string(text: string): this {
    const bytes = Buffer.from(text);
    return this.u32(bytes.length).bytes(bytes);
  }

  /** A copy of what was written; the writer is empty again. */
  finish(): Buffer {
    const written = Buffer.from(this.#buffer.subarray(0, this.#length));
    if (spare.length < SPARE_LIMIT) spare.push(this.#buffer);
    this.#buffer = NOTHING;
    this.#length = 0;
    return written;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + length));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
