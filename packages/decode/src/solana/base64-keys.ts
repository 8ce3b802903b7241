import { isVenueKey, mayBeVenueKey } from "./venue-key.ts";

/** What a character of base64 stands for; a bit above the six marks those that stand for nothing. */
const NO_VALUE = 64;
const VALUES = new Uint8Array(256).fill(NO_VALUE);
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
  const size = base64Size(text, start, end);
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

/** Six bits; zero for what is no base64, which is for the parser to refuse. */
function valueAt(text: Uint8Array, at: number): number {
  return (VALUES[text[at] ?? 0] ?? 0) & 63;
}

function byteAt(text: Uint8Array, start: number, offset: number): number {
  const group = Math.floor(offset / 3);
  const within = offset - group * 3;
  const first = start + group * 4 + within;
  const a = valueAt(text, first);
  const b = valueAt(text, first + 1);
  switch (within) {
    case 0:
      return (a << 2) | (b >> 4);
    case 1:
      return ((a & 15) << 4) | (b >> 2);
    default:
      return ((a & 3) << 6) | b;
  }
}

const PADDING = 0x3d;

/** Bytes that base64 between two offsets stands for, at most; as many where the text is whole groups of four. */
export function base64Size(text: Uint8Array, start: number, end: number): number {
  return Math.floor(((end - start) * 3) / 4) - paddingBefore(text, end);
}

function paddingBefore(text: Uint8Array, end: number): number {
  if (text[end - 1] !== PADDING) return 0;
  return text[end - 2] === PADDING ? 2 : 1;
}

/**
 * Writes the bytes that base64 between two offsets stands for to `into`, which has room for them;
 * false where that is not base64 as nodes write it: in whole groups of four characters.
 */
export function decodeBase64(text: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  if ((end - start) % 4 !== 0 || end === start) return false;
  const last = end - 4;
  let to = 0;
  let seen = 0;
  for (let at = start; at < last; at += 4) {
    const a = VALUES[text[at] ?? 0] ?? 0;
    const b = VALUES[text[at + 1] ?? 0] ?? 0;
    const c = VALUES[text[at + 2] ?? 0] ?? 0;
    const d = VALUES[text[at + 3] ?? 0] ?? 0;
    seen |= a | b | c | d;
    into[to++] = (a << 2) | (b >> 4);
    into[to++] = (b << 4) | (c >> 2);
    into[to++] = (c << 6) | d;
  }
  const padding = paddingBefore(text, end);
  for (let k = 0; k < 4 - padding; k++) seen |= VALUES[text[last + k] ?? 0] ?? 0;
  for (let k = 0; k < 3 - padding; k++) into[to++] = byteAt(text, last, k);
  return seen < NO_VALUE;
}
