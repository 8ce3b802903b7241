import { crc32 } from "node:zlib";

/** Bytes of log between two entries. */
const INTERVAL_BYTES = 4096;
const MAGIC = 0x43575831;
const HEADER_SIZE = 24;
const ENTRY_SIZE = 24;

/**
 * A sparse index over one segment: every few kilobytes the offset of a batch, where it begins, and the largest
 * timestamp of all batches before it. Both look-ups find a place from which to walk over batch headers.
 */
export class SegmentIndex {
  #offsets: number[] = [];
  #positions: number[] = [];
  #timestampsBefore: number[] = [];
  #lastPosition = Number.NEGATIVE_INFINITY;

  /** Offers a batch; `force` indexes it whatever the distance to the entry before. */
  offer(baseOffset: number, position: number, maxTimestampBefore: number, force = false): void {
    if (!force && position - this.#lastPosition < INTERVAL_BYTES) return;
    this.#offsets.push(baseOffset);
    this.#positions.push(position);
    this.#timestampsBefore.push(maxTimestampBefore);
    this.#lastPosition = position;
  }

  /** A position at or before the batch that holds `offset`, where a batch begins. */
  positionFor(offset: number): number {
    return this.#positions[lastAtMost(this.#offsets, offset)] ?? 0;
  }

  /** A position at or before the first batch whose timestamps reach `timestampMs`. */
  positionForTimestamp(timestampMs: number): number {
    // The running maximum before an entry must be smaller, or the batch sought could lie before it.
    return this.#positions[lastAtMost(this.#timestampsBefore, timestampMs - 0.5)] ?? 0;
  }

  /** Forgets everything at or after `position`. */
  truncate(position: number): void {
    while ((this.#positions.at(-1) ?? -1) >= position) {
      this.#offsets.pop();
      this.#positions.pop();
      this.#timestampsBefore.pop();
    }
    this.#lastPosition = this.#positions.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** The index as a file, together with what else is worth keeping about the segment, under a checksum. */
  encode(extra: unknown): Buffer {
    const tail = Buffer.from(JSON.stringify(extra));
    const count = this.#offsets.length;
    const out = Buffer.alloc(HEADER_SIZE + count * ENTRY_SIZE + tail.length);
    out.writeUInt32BE(MAGIC, 0);
    out.writeUInt32BE(count, 8);
    out.writeUInt32BE(tail.length, 12);
    for (let index = 0; index < count; index++) {
      const at = HEADER_SIZE + index * ENTRY_SIZE;
      out.writeDoubleBE(this.#offsets[index] ?? 0, at);
      out.writeDoubleBE(this.#positions[index] ?? 0, at + 8);
      out.writeDoubleBE(this.#timestampsBefore[index] ?? 0, at + 16);
    }
    tail.copy(out, out.length - tail.length);
    out.writeUInt32BE(crc32(out.subarray(8)), 4);
    return out;
  }

  /** Reads what `encode` wrote; undefined where the file is damaged or of another kind: then scan the log. */
  static decode(file: Buffer): { readonly index: SegmentIndex; readonly extra: unknown } | undefined {
    if (file.length < HEADER_SIZE || file.readUInt32BE(0) !== MAGIC) return undefined;
    if (crc32(file.subarray(8)) !== file.readUInt32BE(4)) return undefined;
    const count = file.readUInt32BE(8);
    const index = new SegmentIndex();
    for (let entry = 0; entry < count; entry++) {
      const at = HEADER_SIZE + entry * ENTRY_SIZE;
      const position = file.readDoubleBE(at + 8);
      index.offer(file.readDoubleBE(at), position, file.readDoubleBE(at + 16), true);
    }
    const extra: unknown = JSON.parse(file.toString("utf8", file.length - file.readUInt32BE(12)));
    return { index, extra };
  }
}

/** Index of the last value <= `wanted` in an ascending array; -1 where none is. */
function lastAtMost(values: readonly number[], wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Number.POSITIVE_INFINITY) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
