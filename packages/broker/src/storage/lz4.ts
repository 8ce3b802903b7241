import { copyBack, DamagedCompression, InflatedTooLarge } from "./decompression.ts";

const MAGIC = 0x184d2204;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_CONTENT_SIZE = 0x08;
const HAS_DICTIONARY = 0x01;
/** Set in the size of a block that could not be made smaller. */
export const STORED = 0x8000_0000;
const FIRST_OUTPUT = 1 << 16;
const MIN_MATCH = 4;

/** Output that grows. */
class Output {
  bytes: Buffer = Buffer.allocUnsafe(FIRST_OUTPUT);
  length = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Makes room for so many bytes and returns where they go. */
  extend(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.#maxBytes) throw new InflatedTooLarge(`more than ${this.#maxBytes} bytes`);
    if (this.length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.length, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, start);
      this.bytes = grown;
    }
    return start;
  }
}

/**
 * Opens an LZ4 frame (lz4_Frame_format.md and lz4_Block_format.md of lz4/lz4). Checksums are passed over: the
 * batch around it has its own. Throws DamagedCompression or InflatedTooLarge.
 */
export function lz4Decompress(input: Buffer, maxBytes: number): Buffer {
  const output = new Output(maxBytes);
  if (input.length < 7 || input.readUInt32LE(0) !== MAGIC) throw new DamagedCompression("no LZ4 frame");
  const flags = input[4] ?? 0;
  if ((flags & HAS_DICTIONARY) !== 0) throw new DamagedCompression("LZ4 with a dictionary");
  let at = 7 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8);
  const behindBlock = (flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : 4;
  for (;;) {
    if (at + 4 > input.length) throw new DamagedCompression("LZ4 frame is cut short");
    const field = input.readUInt32LE(at);
    if (field === 0) return output.bytes.subarray(0, output.length);
    const size = field % STORED;
    const end = at + 4 + size;
    if (end > input.length) throw new DamagedCompression("LZ4 block is cut short");
    const block = input.subarray(at + 4, end);
    if (field >= STORED) block.copy(output.bytes, output.extend(size));
    else openBlock(block, output);
    at = end + behindBlock;
  }
}

function openBlock(input: Buffer, output: Output): void {
  let at = 0;
  /** The rest of a length of which the token has the first part: bytes are added until one is not 255. */
  const rest = (first: number): number => {
    if (first < 15) return first;
    let length = first;
    for (;;) {
      if (at >= input.length) throw new DamagedCompression("LZ4 block is cut short");
      const byte = input[at++] ?? 0;
      length += byte;
      if (byte < 255) return length;
    }
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    const literals = rest(token >> 4);
    if (at + literals > input.length) throw new DamagedCompression("LZ4 block is cut short");
    // `extend` may replace the buffer: it comes first.
    const start = output.extend(literals);
    input.copy(output.bytes, start, at, at + literals);
    at += literals;
    // The last sequence has literals only.
    if (at === input.length) return;
    if (at + 2 > input.length) throw new DamagedCompression("LZ4 block is cut short");
    const offset = input.readUInt16LE(at);
    at += 2;
    const length = rest(token & 15) + MIN_MATCH;
    if (offset === 0 || offset > output.length)
      throw new DamagedCompression("LZ4 match from before the beginning");
    const to = output.extend(length);
    copyBack(output.bytes, to, offset, length);
  }
}
