import type { Slot } from "./brand.ts";

/**
 * Where a swap happened: sorts the trades of canonical blocks totally, in the order of execution.
 * On Solana `outer` and `inner` are instruction indexes (inner is null for a top-level instruction),
 * `hop` counts the swaps inside one instruction. On EVM `outer` is the log index and inner is null.
 */
export interface Position {
  readonly slot: Slot;
  readonly txIndex: number;
  readonly outer: number;
  readonly inner: number | null;
  readonly hop: number;
}

/** Negative, zero or positive as `a` is before, at or after `b`. A top-level swap is before its inner ones. */
export function comparePositions(a: Position, b: Position): number {
  return (
    a.slot - b.slot ||
    a.txIndex - b.txIndex ||
    a.outer - b.outer ||
    (a.inner ?? -1) - (b.inner ?? -1) ||
    a.hop - b.hop
  );
}

/**
 * A position as a hexadecimal string that sorts like the position, closed by the first eight characters
 * of the block id: two forks can hold different blocks of one slot until one of them is known to be
 * orphaned, and the order must be total even then. 46 characters; 23 bytes in PostgreSQL.
 */
export type OrderKey = string;

/** The order key of a position in a block. Throws a RangeError where an index does not fit. */
export function orderKey(position: Position, blockId: string): OrderKey {
  return (
    hex(position.slot, 14) +
    hex(position.txIndex, 6) +
    hex(position.outer, 4) +
    hex((position.inner ?? -1) + 1, 4) +
    hex(position.hop, 2) +
    blockDigits(blockId)
  );
}

function hex(value: number, digits: number): string {
  const text = value.toString(16);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > digits) {
    throw new RangeError(`position out of range: ${value}`);
  }
  return text.padStart(digits, "0");
}

function blockDigits(blockId: string): string {
  let digits = "";
  for (let i = 0; i < 8; i++) digits += ((blockId.charCodeAt(i) || 0) & 0xff).toString(16).padStart(2, "0");
  return digits;
}
