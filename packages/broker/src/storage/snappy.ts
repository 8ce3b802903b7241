import { copyBack, DamagedCompression, InflatedTooLarge } from "./decompression.ts";

/** Begins the stream form that Java's snappy library writes: blocks with their sizes, instead of one block. */
export const STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const STREAM_HEADER = 16;

/**
 * Opens snappy, one raw block or the stream form of Java's library. The format is google/snappy's
 * format_description.txt. Throws DamagedCompression or InflatedTooLarge.
 */
export function snappyDecompress(input: Buffer, maxBytes: number): Buffer {
  if (!input.subarray(0, STREAM_MAGIC.length).equals(STREAM_MAGIC)) return openBlock(input, maxBytes);
  const blocks: Buffer[] = [];
  let left = maxBytes;
  for (let at = STREAM_HEADER; at < input.length; ) {
    if (at + 4 > input.length) throw new DamagedCompression("snappy stream is cut short");
    const end = at + 4 + input.readUInt32BE(at);
    if (end > input.length) throw new DamagedCompression("snappy stream is cut short");
    const block = openBlock(input.subarray(at + 4, end), left);
    blocks.push(block);
    left -= block.length;
    at = end;
  }
  return Buffer.concat(blocks);
}

function openBlock(input: Buffer, maxBytes: number): Buffer {
  const { value: size, next } = readSize(input);
  if (size > maxBytes) throw new InflatedTooLarge(`${size} bytes behind snappy`);
  // A byte of input gives at most 64 bytes: memory is not taken on the word of a header alone.
  if (size > input.length * 64) throw new DamagedCompression("snappy block announces too much");
  const output = Buffer.allocUnsafe(size);
  let from = next;
  let to = 0;
  while (from < input.length) {
    const { isLiteral, length, offset, begin } = readElement(input, from);
    if (to + length > size) throw new DamagedCompression("snappy block is longer than announced");
    if (isLiteral) {
      if (begin + length > input.length) throw new DamagedCompression("snappy block is cut short");
      input.copy(output, to, begin, begin + length);
      from = begin + length;
    } else {
      if (offset === 0 || offset > to) throw new DamagedCompression("snappy copy from before the beginning");
      copyBack(output, to, offset, length);
      from = begin;
    }
    to += length;
  }
  if (to !== size) throw new DamagedCompression("snappy block is shorter than announced");
  return output;
}

function readSize(input: Buffer): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let at = 0; at < 5 && at < input.length; at++) {
    const byte = input[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new DamagedCompression("snappy block without a size");
}

interface Element {
  readonly isLiteral: boolean;
  readonly length: number;
  readonly offset: number;
  /** Where the bytes of a literal begin, or the next element. */
  readonly begin: number;
}

function readElement(input: Buffer, at: number): Element {
  const tag = input[at] ?? 0;
  const byte = (index: number): number => input[at + index] ?? 0;
  switch (tag & 3) {
    case 0: {
      const short = tag >> 2;
      const extra = short < 60 ? 0 : short - 59;
      let length = short;
      if (extra > 0) {
        length = 0;
        for (let index = 0; index < extra; index++) length += byte(1 + index) * 256 ** index;
      }
      return { isLiteral: true, length: length + 1, offset: 0, begin: at + 1 + extra };
    }
    case 1: {
      const length = 4 + ((tag >> 2) & 7);
      return { isLiteral: false, length, offset: ((tag >> 5) << 8) | byte(1), begin: at + 2 };
    }
    case 2: {
      const offset = byte(1) | (byte(2) << 8);
      return { isLiteral: false, length: 1 + (tag >> 2), offset, begin: at + 3 };
    }
    default: {
      const offset = byte(1) + byte(2) * 256 + byte(3) * 65_536 + byte(4) * 16_777_216;
      return { isLiteral: false, length: 1 + (tag >> 2), offset, begin: at + 5 };
    }
  }
}
