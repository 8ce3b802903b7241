import { BinaryCall } from "./binary-call.ts";
import type { CompiledCall } from "./instruction.ts";

/** A transaction as it travels on the network: what the encoding `base64` holds. */
export interface WireTransaction {
  readonly bytes: Uint8Array;
  /** Where the first signature begins. */
  readonly signature: number;
  /** Where the keys begin that the message holds itself, and how many they are; loaded ones stand in the metadata. */
  readonly keys: number;
  readonly keyCount: number;
  readonly calls: readonly CompiledCall[];
}

/** The version that a message names in its first byte, where that is not the count of signers. */
const VERSIONED = 0x80;

export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Bytes that are no transaction; the message goes on a sentence about one. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/**
 * Reads a transaction's bytes: signatures, then a message of the first form or of version 0. Lists begin with
 * their length in one to three bytes of seven bits. Throws a WireError that says what is wrong.
 * Format: the Solana documentation, "Transactions and Instructions".
 */
export function readWireTransaction(bytes: Uint8Array): WireTransaction {
  const at = new WireCursor(bytes);
  const signatures = at.length();
  if (signatures === 0) throw new WireError("it has no signature");
  const signature = at.take(SIGNATURE_BYTES * signatures);
  readVersion(at);
  // How many sign, and how many accounts are read-only.
  at.take(3);
  const keyCount = at.length();
  const keys = at.take(KEY_BYTES * keyCount);
  // The recent block's hash.
  at.take(KEY_BYTES);
  const calls: CompiledCall[] = [];
  for (let left = at.length(); left > 0; left--) calls.push(readCall(at));
  return { bytes, signature, keys, keyCount, calls };
}

function readVersion(at: WireCursor): void {
  const first = at.peek();
  if (first < VERSIONED) return;
  const version = first & ~VERSIONED;
  if (version !== 0) throw new WireError(`its message has version ${version}, which is not read`);
  at.take(1);
}

function readCall(at: WireCursor): CompiledCall {
  const program = at.byte();
  const accountCount = at.length();
  const accounts = at.take(accountCount);
  const dataSize = at.length();
  const data = at.take(dataSize);
  return new BinaryCall(
    at.bytes,
    program,
    null,
    { start: accounts, end: accounts + accountCount },
    { start: data, end: data + dataSize },
  );
}

class WireCursor {
  readonly bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  peek(): number {
    const byte = this.bytes[this.#offset];
    if (byte === undefined) throw new WireError(`it ends after ${this.bytes.length} bytes`);
    return byte;
  }

  byte(): number {
    const byte = this.peek();
    this.#offset++;
    return byte;
  }

  /** Passes over the next bytes; returns where they begin. */
  take(size: number): number {
    const start = this.#offset;
    if (start + size > this.bytes.length) throw new WireError(`it ends after ${this.bytes.length} bytes`);
    this.#offset += size;
    return start;
  }

  length(): number {
    let value = 0;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new WireError("a length of it takes more than three bytes");
  }
}
