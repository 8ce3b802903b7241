import { backReferences } from "./back-references.ts";
import { STORED } from "./lz4.ts";

/** A frame of independent blocks of up to 64 KiB, with the checksum of just this header. */
const HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
const END_MARK = Buffer.alloc(4);
/** One byte less than a block may hold, so that every distance fits into two bytes. */
const BLOCK_BYTES = (64 << 10) - 1;
const SHORTEST_MATCH = 4;
/** A length that fits into half a byte; more goes into bytes of its own. */
const SHORT_LENGTH = 15;
/** No match begins in the last twelve bytes of a block, and the last five are literals. */
const TAIL_WITHOUT_START = 12;
const LITERAL_TAIL = 5;

/** Compresses into an LZ4 frame. */
export function lz4Compress(input: Buffer): Buffer {
  const pieces: Buffer[] = [HEADER];
  for (let at = 0; at < input.length; at += BLOCK_BYTES) {
    const content = input.subarray(at, at + BLOCK_BYTES);
    const block = closeBlock(content);
    const isSmaller = block.length < content.length;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(isSmaller ? block.length : content.length + STORED);
    pieces.push(size, isSmaller ? block : content);
  }
  pieces.push(END_MARK);
  return Buffer.concat(pieces);
}

function closeBlock(block: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let written = 0;
  const lastStart = block.length - TAIL_WITHOUT_START;
  for (const { start, distance, length } of backReferences(block, lastStart, block.length - LITERAL_TAIL)) {
    const literals = block.subarray(written, start);
    const more = length - SHORTEST_MATCH;
    const offset = Buffer.from([distance & 0xff, distance >> 8]);
    pieces.push(token(literals.length, more), literals, offset, furtherLength(more));
    written = start + length;
  }
  const rest = block.subarray(written);
  pieces.push(token(rest.length, 0), rest);
  return Buffer.concat(pieces);
}

/** The byte with both lengths in short, and what the literals' length has beyond it. */
function token(literals: number, match: number): Buffer {
  const both = (Math.min(literals, SHORT_LENGTH) << 4) | Math.min(match, SHORT_LENGTH);
  return Buffer.concat([Buffer.from([both]), furtherLength(literals)]);
}

function furtherLength(length: number): Buffer {
  if (length < SHORT_LENGTH) return Buffer.alloc(0);
  const beyond = length - SHORT_LENGTH;
  const bytes = Buffer.alloc(Math.floor(beyond / 255) + 1, 255);
  bytes[bytes.length - 1] = beyond % 255;
  return bytes;
}
