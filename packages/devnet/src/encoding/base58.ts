const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Five digits fit one limb: 58^5 < 2^30, and a limb shifted by 22 bits stays below 2^53. */
const LIMB_DIGITS = 5;
const LIMB = 58 ** LIMB_DIGITS;

/**
 * Base58 in Bitcoin's alphabet, as the RPC writes addresses, signatures and instruction data. A block
 * holds many event payloads of some hundred bytes, and the conversion is quadratic: limbs of five digits
 * and input in steps of two bytes keep it at microseconds.
 */
export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const limbs: number[] = [];
  let at = zeros;
  if ((bytes.length - zeros) % 2 === 1) multiplyAdd(limbs, 256, bytes[at++] ?? 0);
  for (; at < bytes.length; at += 2)
    multiplyAdd(limbs, 65_536, (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0));
  return "1".repeat(zeros) + digitsOf(limbs);
}

function multiplyAdd(limbs: number[], factor: number, addend: number): void {
  let carry = addend;
  for (let i = 0; i < limbs.length; i++) {
    const value = (limbs[i] ?? 0) * factor + carry;
    carry = Math.floor(value / LIMB);
    limbs[i] = value - carry * LIMB;
  }
  if (carry > 0) limbs.push(carry);
}

function digitsOf(limbs: readonly number[]): string {
  let text = "";
  for (let i = limbs.length - 1; i >= 0; i--) {
    let rest = limbs[i] ?? 0;
    let digits = "";
    for (let d = 0; d < LIMB_DIGITS && (i < limbs.length - 1 || rest > 0); d++) {
      digits = ALPHABET.charAt(rest % 58) + digits;
      rest = Math.floor(rest / 58);
    }
    text += digits;
  }
  return text;
}

/** The bytes of a base58 text. Throws a RangeError for a character outside the alphabet. */
export function decodeBase58(text: string): Uint8Array {
  let zeros = 0;
  while (zeros < text.length && text[zeros] === "1") zeros++;
  const bytes: number[] = [];
  for (const character of text.slice(zeros)) {
    let carry = ALPHABET.indexOf(character);
    if (carry < 0) throw new RangeError(`not base58: ${character}`);
    for (let i = 0; i < bytes.length; i++) {
      const value = (bytes[i] ?? 0) * 58 + carry;
      bytes[i] = value & 0xff;
      carry = value >> 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff);
  }
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()]);
}
