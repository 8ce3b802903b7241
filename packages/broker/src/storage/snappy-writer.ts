import { backReferences } from "./back-references.ts";
import { STREAM_MAGIC } from "./snappy.ts";

/** As large as the blocks of Java's library. */
const BLOCK_BYTES = 32 << 10;
/** Lengths up to here fit into the first byte of a literal. */
const SHORT_LITERAL = 60;
const LONGEST_COPY = 64;
/** The version of the stream form, and the oldest that can read it. */
const VERSIONS = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]);

/** Compresses with snappy, in the stream form that Java's library writes and every client reads. */
export function snappyCompress(input: Buffer): Buffer {
  const pieces: Buffer[] = [STREAM_MAGIC, VERSIONS];
  for (let at = 0; at < input.length; at += BLOCK_BYTES) {
    const block = closeBlock(input.subarray(at, at + BLOCK_BYTES));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    pieces.push(size, block);
  }
  return Buffer.concat(pieces);
}

function closeBlock(block: Buffer): Buffer {
  const pieces: Buffer[] = [sizeOf(block.length)];
  let written = 0;
  for (const { start, distance, length } of backReferences(block, block.length, block.length)) {
    if (start > written) pieces.push(literal(block.subarray(written, start)));
    for (let left = length; left > 0; left -= LONGEST_COPY) {
      const count = Math.min(left, LONGEST_COPY);
      pieces.push(Buffer.from([((count - 1) << 2) | 2, distance & 0xff, distance >> 8]));
    }
    written = start + length;
  }
  if (written < block.length) pieces.push(literal(block.subarray(written)));
  return Buffer.concat(pieces);
}

function sizeOf(length: number): Buffer {
  const bytes: number[] = [];
  let left = length;
  for (; left > 0x7f; left >>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function literal(bytes: Buffer): Buffer {
  const last = bytes.length - 1;
  if (last < SHORT_LITERAL) return Buffer.concat([Buffer.from([last << 2]), bytes]);
  return Buffer.concat([Buffer.from([(SHORT_LITERAL + 1) << 2, last & 0xff, last >> 8]), bytes]);
}
