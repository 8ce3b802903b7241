import { encodeBase58 } from "./base58.ts";

/**
 * Fields of Solana instruction data and events: integers are little-endian, a public key is 32 bytes.
 * Reading past the end is a mistake of the caller, who compares the length first: it throws a RangeError.
 */
function viewOf(bytes: Uint8Array, offset: number, size: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, size);
}

function check(bytes: Uint8Array, offset: number, size: number): void {
  if (offset + size > bytes.length) throw new RangeError(`field at ${offset} is past ${bytes.length} bytes`);
}

export function readU8(bytes: Uint8Array, offset: number): number {
  check(bytes, offset, 1);
  return bytes[offset] ?? 0;
}

export function readU32(bytes: Uint8Array, offset: number): number {
  check(bytes, offset, 4);
  return viewOf(bytes, offset, 4).getUint32(0, true);
}

export function readU64(bytes: Uint8Array, offset: number): bigint {
  check(bytes, offset, 8);
  return viewOf(bytes, offset, 8).getBigUint64(0, true);
}

/** The base58 address of the public key at `offset`. */
export function readKey(bytes: Uint8Array, offset: number): string {
  check(bytes, offset, 32);
  return encodeBase58(bytes.subarray(offset, offset + 32));
}

/** Whether the public key at `offset` is all zero: how programs write "none". */
export function isZeroKey(bytes: Uint8Array, offset: number): boolean {
  check(bytes, offset, 32);
  for (let k = offset; k < offset + 32; k++) if (bytes[k] !== 0) return false;
  return true;
}

/** Anchor's discriminator, the eight bytes at `offset`, in hexadecimal; empty where the data is shorter. */
export function discriminator(bytes: Uint8Array, offset = 0): string {
  if (bytes.length < offset + 8) return "";
  let text = "";
  for (let k = offset; k < offset + 8; k++) text += HEX[bytes[k] ?? 0];
  return text;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
