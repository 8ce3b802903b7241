/** Writes a protobuf message field by field; default values are left out, as proto3 does. */
export class ProtobufWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;

  /** A varint: uint32, uint64, int32 and int64 from 0 on, enum, bool. */
  uint(field: number, value: number | bigint | boolean): this {
    const number = BigInt(value);
    return number === 0n ? this : this.presentUint(field, number);
  }

  /** The same for an optional field, which is written where it is 0 too. */
  presentUint(field: number, value: number | bigint): this {
    return this.#add(varint(BigInt(field) << 3n)).#add(varint(BigInt(value)));
  }

  double(field: number, value: number): this {
    if (value === 0) return this;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return this.#add(varint((BigInt(field) << 3n) | 1n)).#add(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.presentBytes(field, value);
  }

  /** For elements of a repeated field and for messages, which are written where they are empty too. */
  presentBytes(field: number, value: Uint8Array): this {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return this.#add(varint((BigInt(field) << 3n) | 2n))
      .#add(varint(BigInt(bytes.length)))
      .#add(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: ProtobufWriter): this {
    return this.presentBytes(field, value.finish());
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #add(bytes: Buffer): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }
}

/** Base 128, least first. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? low : low | 0x80);
  } while (left !== 0n);
  return Buffer.from(bytes);
}

/** A field of a message: a number, or bytes. */
export interface ProtobufField {
  readonly field: number;
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/** The fields of a message in their order. Throws a RangeError for bytes that are none. */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError("the message ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number has more than 64 bits");
  };
  while (at < message.length) {
    const key = next();
    const field = Number(key >> 3n);
    const type = Number(key & 7n);
    if (type === 0) {
      yield { field, number: next(), bytes: NO_BYTES };
      continue;
    }
    const length = type === 2 ? Number(next()) : type === 1 ? 8 : type === 5 ? 4 : Number.NaN;
    if (!(at + length <= message.length)) throw new RangeError("the message ends within a field");
    yield { field, number: 0n, bytes: message.subarray(at, at + length) };
    at += length;
  }
}
