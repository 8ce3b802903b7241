/**
 * Zigzag variable-length numbers of Kafka's record format. Values are JavaScript numbers: lengths, offset
 * deltas and time deltas in milliseconds stay far below 2^53.
 */
export function zigzagSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  if (rest < 0x4000) return rest < 0x80 ? 1 : 2;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}

/** Writes `value` at `position`; returns the position after it. */
export function writeZigzag(target: Buffer, position: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let at = position;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}

/** A place in a buffer that moves on as it is read. Reading beyond the end throws a RangeError. */
export class ByteCursor {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  zigzag(): number {
    let raw = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw new RangeError("a number runs beyond the end");
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      scale *= 0x80;
    }
    throw new RangeError("a number has more than ten bytes");
  }

  skip(count: number): void {
    if (count < 0 || this.position + count > this.bytes.length) throw new RangeError("beyond the end");
    this.position += count;
  }

  /** Bytes with their length before them, -1 for none; a view, not a copy. */
  nullableBytes(): Buffer | null {
    const length = this.zigzag();
    if (length === -1) return null;
    const start = this.position;
    this.skip(length);
    return this.bytes.subarray(start, start + length);
  }
}
