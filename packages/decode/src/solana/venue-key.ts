import { decodeBase58 } from "../base58.ts";
import { SOLANA_VENUES } from "./venues.ts";

/** The venues' program keys by their first four bytes: nearly no other key gets past that look. */
const KEYS: ReadonlyMap<number, Uint8Array> = new Map(
  [...SOLANA_VENUES.keys()].flatMap((program) => {
    const key = decodeBase58(program);
    return key === null ? [] : [[headOf(key, 0), key]];
  }),
);

/** One bit for each pair of first bytes that some key begins with. */
const FIRST_PAIRS = new Uint8Array(0x10000);
for (const key of KEYS.values()) FIRST_PAIRS[((key[0] ?? 0) << 8) | (key[1] ?? 0)] = 1;

/** Whether a venue's key begins with the two bytes at an offset: a look before the closer one. */
export function mayBeVenueKey(bytes: Uint8Array, offset: number): boolean {
  return FIRST_PAIRS[((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)] === 1;
}

/** Whether the 32 bytes at an offset are the key of a venue's program. */
export function isVenueKey(bytes: Uint8Array, offset: number): boolean {
  if (!mayBeVenueKey(bytes, offset)) return false;
  const key = KEYS.get(headOf(bytes, offset));
  if (key === undefined || offset + key.length > bytes.length) return false;
  for (let k = 0; k < key.length; k++) if (bytes[offset + k] !== key[k]) return false;
  return true;
}

function headOf(bytes: Uint8Array, offset: number): number {
  let head = 0;
  for (let k = 0; k < 4; k++) head = head * 256 + (bytes[offset + k] ?? 0);
  return head;
}
