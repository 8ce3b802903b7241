const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** A limb of four digits is below 2^24: times 2^24 it stays a whole number of a float64. */
const LIMB_DIGITS = 4;
const STEP_BYTES = 3;
const LIMB = 58 ** LIMB_DIGITS;

/**
 * Base58 in Bitcoin's alphabet, as the RPC writes addresses, signatures and instruction data. A block
 * holds many event payloads of some hundred bytes, and the conversion is quadratic: limbs of several
 * digits and input in steps of several bytes keep it at microseconds.
 */
export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const limbs = limbsFor(bytes.length);
  let count = 0;
  let at = zeros;
  while ((bytes.length - at) % STEP_BYTES !== 0) count = multiplyAdd(limbs, count, 256, bytes[at++] ?? 0);
  for (; at < bytes.length; at += STEP_BYTES) {
    const step = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    count = multiplyAdd(limbs, count, 1 << 24, step);
  }
  return "1".repeat(zeros) + digitsOf(limbs, count);
}

/** Used anew by every call: nothing in here waits. */
let scratch = new Float64Array(512);

function limbsFor(byteLength: number): Float64Array {
  if (byteLength / 2 > scratch.length) scratch = new Float64Array(byteLength);
  return scratch;
}

const INVERSE = 1 / LIMB;

/** Returns how many limbs there are now. */
function multiplyAdd(limbs: Float64Array, count: number, factor: number, addend: number): number {
  let carry = addend;
  for (let i = 0; i < count; i++) {
    const value = (limbs[i] ?? 0) * factor + carry;
    // Multiplying by the inverse is faster than dividing, and at most one off.
    carry = Math.floor(value * INVERSE);
    let rest = value - carry * LIMB;
    if (rest < 0) {
      rest += LIMB;
      carry--;
    } else if (rest >= LIMB) {
      rest -= LIMB;
      carry++;
    }
    limbs[i] = rest;
  }
  let grown = count;
  // A step can hold more than one limb of a number that is still empty.
  for (; carry > 0; carry = Math.floor(carry / LIMB)) limbs[grown++] = carry % LIMB;
  return grown;
}

function digitsOf(limbs: Float64Array, count: number): string {
  let text = "";
  for (let i = count - 1; i >= 0; i--) {
    const limb = limbs[i] ?? 0;
    const upper = Math.floor(limb / 3_364);
    const lower = limb - upper * 3_364;
    text += (PAIRS[upper] ?? "") + (PAIRS[lower] ?? "");
  }
  // The first limb is written in full; its leading ones are not digits of the number.
  let start = 0;
  while (start < text.length - 1 && start < LIMB_DIGITS - 1 && text.charCodeAt(start) === 49) start++;
  return text.slice(start);
}

/** All numbers of two digits. */
const PAIRS = [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));
