import { type CodecContext, undecodable } from "./codec.ts";

/** Before the payload: a zero byte and the schema's number (Confluent's wire format). */
const MAGIC = 0;
const HEADER_BYTES = 5;

/** Puts the header before an encoded value. */
export function frame(schemaId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt8(MAGIC, 0);
  bytes.writeInt32BE(schemaId, 1);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Takes the header off. Throws POISON for bytes without one. */
export function unframe(bytes: Buffer, context: CodecContext): { schemaId: number; payload: Buffer } {
  if (bytes.length < HEADER_BYTES || bytes[0] !== MAGIC) {
    throw undecodable("value of a schema registry", context, "it does not begin with a schema's number");
  }
  return { schemaId: bytes.readInt32BE(1), payload: bytes.subarray(HEADER_BYTES) };
}

const MAX_NESTING = 64;

/**
 * Which message of a Protobuf file it is: its place among those of the file, then among those nested in that
 * one, and so on, as zigzag numbers after their count. The first message of a file is a single zero.
 */
export function writeMessageIndexes(indexes: readonly number[]): Buffer {
  if (indexes.length === 1 && indexes[0] === 0) return Buffer.from([0]);
  return Buffer.concat([indexes.length, ...indexes].map(zigzag));
}

/** Reads them, and where they end. Throws a RangeError where they make no sense. */
export function readMessageIndexes(bytes: Buffer): { indexes: number[]; end: number } {
  let at = 0;
  const next = (): number => {
    let raw = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      raw += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
    throw new RangeError("its message indexes are cut short");
  };
  const count = next();
  if (count < 0 || count > MAX_NESTING) throw new RangeError(`${count} message indexes make no sense`);
  const indexes = count === 0 ? [0] : Array.from({ length: count }, next);
  return { indexes, end: at };
}

function zigzag(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
