import { type Checksum, nativeCrc32c } from "./native-crc32c.ts";

/**
 * CRC-32C (Castagnoli), the checksum of Kafka's record batches. Node's zlib has only the other CRC-32, so it is
 * computed here, eight bytes at a time over eight tables ("slicing by 8"), or by the processor where that pays.
 */
const POLYNOMIAL = 0x82f63b78;

function nextTable(previous: Uint32Array, first: Uint32Array): Uint32Array {
  return previous.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] as number));
}

const t0 = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc >>> 0;
});
const t1 = nextTable(t0, t0);
const t2 = nextTable(t1, t0);
const t3 = nextTable(t2, t0);
const t4 = nextTable(t3, t0);
const t5 = nextTable(t4, t0);
const t6 = nextTable(t5, t0);
const t7 = nextTable(t6, t0);

// The casts below are safe: table indices are masked to one byte, and no read goes past `end`.

/** Below it the way to native code costs more than it saves; the first longer batch loads that, in some 10 ms. */
const NATIVE_FROM_BYTES = 512;

/** Null until it was tried to load it. */
let native: Checksum | undefined | null = null;

/** The checksum of bytes[start, end) as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  if (end - start < NATIVE_FROM_BYTES) return tableCrc32c(bytes, start, end);
  if (native === null) native = nativeCrc32c();
  return native === undefined ? tableCrc32c(bytes, start, end) : native(bytes.subarray(start, end));
}

/** The same by tables alone. */
export function tableCrc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
