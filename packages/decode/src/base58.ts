/**
 * Base58 with Bitcoin's alphabet, as Solana writes addresses, signatures and instruction data. Written for
 * the decoder's hot path: four digits (58^4 < 2^24) are folded at a time into limbs of 24 bits, so that every
 * product stays below 2^53.
 */
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ZERO_DIGIT = 0x31;
const NO_DIGIT = 255;
const DIGIT_OF_CODE = new Uint8Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < 58; digit++) DIGIT_OF_CODE[ALPHABET.charCodeAt(digit)] = digit;

const LIMB = 0x1000000;
const POWERS = [1, 58, 58 ** 2, 58 ** 3, 58 ** 4] as const;
const FIVE_DIGITS = 58 ** 5;

/** Longest text that is decoded: instruction data is bounded by the 10 KiB of a cross-program call. */
const MAX_TEXT_LENGTH = 14_500;

/** Decodes base58 text; null where a character is no digit or the text is longer than any instruction's data. */
export function decodeBase58(text: string): Uint8Array | null {
  const length = text.length;
  if (length > MAX_TEXT_LENGTH) return null;
  let zeros = 0;
  while (zeros < length && text.charCodeAt(zeros) === ZERO_DIGIT) zeros++;
  // log(58) / log(2^24) = 0.24408 limbs a digit.
  const limbs = new Float64Array(Math.ceil((length - zeros) * 0.2441) + 1);
  let used = 0;
  for (let at = zeros; at < length; ) {
    const digits = Math.min(4, length - at);
    let group = 0;
    for (let k = 0; k < digits; k++, at++) {
      const code = text.charCodeAt(at);
      const digit = code < 128 ? (DIGIT_OF_CODE[code] ?? NO_DIGIT) : NO_DIGIT;
      if (digit === NO_DIGIT) return null;
      group = group * 58 + digit;
    }
    used = multiplyAdd(limbs, used, POWERS[digits] ?? 1, group);
  }
  return bigEndian(limbs, used, zeros);
}

/** limbs = limbs * factor + addend, over the `used` least limbs; returns how many are used then. */
function multiplyAdd(limbs: Float64Array, used: number, factor: number, addend: number): number {
  let carry = addend;
  for (let k = 0; k < used; k++) {
    const value = (limbs[k] ?? 0) * factor + carry;
    carry = Math.floor(value / LIMB);
    limbs[k] = value - carry * LIMB;
  }
  if (carry === 0) return used;
  limbs[used] = carry;
  return used + 1;
}

function bigEndian(limbs: Float64Array, used: number, zeros: number): Uint8Array {
  const top = used === 0 ? 0 : (limbs[used - 1] ?? 0);
  const topBytes = top === 0 ? 0 : top < 0x100 ? 1 : top < 0x10000 ? 2 : 3;
  const size = used === 0 ? 0 : (used - 1) * 3 + topBytes;
  const bytes = new Uint8Array(zeros + size);
  for (let k = 0, at = zeros + size - 1; k < used; k++, at -= 3) {
    const limb = limbs[k] ?? 0;
    bytes[at] = limb & 0xff;
    if (at - 1 >= zeros) bytes[at - 1] = (limb >> 8) & 0xff;
    if (at - 2 >= zeros) bytes[at - 2] = limb >> 16;
  }
  return bytes;
}

/** Working room for encoding, outside of the heap: addresses are written by the thousand. */
let wideLimbs = new Float64Array(64);
let digits = Buffer.allocUnsafeSlow(512);

/** Encodes bytes as base58 text, or those between two offsets. */
export function encodeBase58(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const length = end - start;
  let zeros = 0;
  while (zeros < length && bytes[start + zeros] === 0) zeros++;
  if (wideLimbs.length * 3 < length) wideLimbs = new Float64Array(length);
  const limbs = wideLimbs;
  // Limbs of five digits, least first; 16 bits come in at a time: 58^5 * 2^16 < 2^46.
  let used = 0;
  let at = start + zeros;
  if ((length - zeros) % 2 === 1) limbs[used++] = bytes[at++] ?? 0;
  for (; at < end; at += 2) {
    let carry = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    for (let k = 0; k < used; k++) {
      const value = (limbs[k] ?? 0) * 0x10000 + carry;
      carry = Math.floor(value / FIVE_DIGITS);
      limbs[k] = value - carry * FIVE_DIGITS;
    }
    if (carry > 0) limbs[used++] = carry;
  }
  return textOf(limbs, used, zeros);
}

function textOf(limbs: Float64Array, used: number, zeros: number): string {
  const room = zeros + 5 * used;
  if (digits.length < room) digits = Buffer.allocUnsafeSlow(2 * room);
  let at = room;
  for (let k = 0; k < used; k++) {
    let value = limbs[k] ?? 0;
    const top = k === used - 1;
    for (let digit = 0; digit < 5 && !(top && value === 0); digit++) {
      const rest = Math.floor(value / 58);
      digits[--at] = ALPHABET.charCodeAt(value - rest * 58);
      value = rest;
    }
  }
  for (let k = 0; k < zeros; k++) digits[--at] = ZERO_DIGIT;
  return digits.toString("latin1", at, room);
}
