import { isVenueKey, mayBeVenueKey } from "./venue-key.ts";

/** What a character of base64 stands for; others are zero, which is for the parser to refuse. */
const VALUES = new Uint8Array(256);
for (const [value, character] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries()) {
  VALUES[character.charCodeAt(0)] = value;
}

/** One key, where a transaction's bytes are looked at without being decoded as a whole. */
const key = new Uint8Array(32);

/**
 * Whether a transaction in base64, between two offsets, holds a venue's program among the keys of its message.
 * True also for what makes no sense: the parser says what is wrong with it.
 */
export function messageHoldsVenue(text: Uint8Array, start: number, end: number): boolean {
  const size = Math.floor(((end - start) * 3) / 4);
  const signatures = byteAt(text, start, 0);
  // A packet has no room for more than a dozen signatures, nor for as many keys as take two bytes to count.
  if (signatures === 0 || signatures > 127) return true;
  const message = 1 + 64 * signatures;
  const head = byteAt(text, start, message) >= 0x80 ? message + 4 : message + 3;
  const count = byteAt(text, start, head);
  const keys = head + 1;
  if (count > 127 || keys + 32 * count > size) return true;
  for (let index = 0; index < count; index++) {
    const first = keys + 32 * index;
    for (let k = 0; k < 4; k++) key[k] = byteAt(text, start, first + k);
    if (!mayBeVenueKey(key, 0)) continue;
    for (let k = 4; k < 32; k++) key[k] = byteAt(text, start, first + k);
    if (isVenueKey(key, 0)) return true;
  }
  return false;
}

function byteAt(text: Uint8Array, start: number, offset: number): number {
  const group = Math.floor(offset / 3);
  const within = offset - group * 3;
  const first = start + group * 4 + within;
  const a = VALUES[text[first] ?? 0] ?? 0;
  const b = VALUES[text[first + 1] ?? 0] ?? 0;
  switch (within) {
    case 0:
      return (a << 2) | (b >> 4);
    case 1:
      return ((a & 15) << 4) | (b >> 2);
    default:
      return ((a & 3) << 6) | b;
  }
}
