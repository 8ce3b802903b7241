/**
 * Finds the first of several byte patterns. A window as long as the shortest pattern slides over the bytes
 * (Horspool's way, with two bytes for the shift): most of the bytes are never looked at.
 */
export class PatternSet {
  readonly #patterns: readonly Uint8Array[];
  readonly #window: number;
  readonly #shifts: Uint8Array;

  /** Bytes of the shortest pattern. */
  get length(): number {
    return this.#window;
  }

  /** `patterns`: ASCII texts of 2 to 255 characters. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((text) => new TextEncoder().encode(text));
    this.#window = Math.min(...this.#patterns.map(({ length }) => length));
    if (!(this.#window >= 2 && this.#window <= 255)) throw new RangeError("patterns of 2 to 255 bytes only");
    this.#shifts = new Uint8Array(0x10000).fill(this.#window - 1);
    for (const pattern of this.#patterns) {
      for (let last = 1; last < this.#window; last++) {
        const pair = ((pattern[last - 1] ?? 0) << 8) | (pattern[last] ?? 0);
        this.#shifts[pair] = Math.min(this.#shifts[pair] ?? 0, this.#window - 1 - last);
      }
    }
  }

  /** The offset of the first pattern that begins at `from` or later and ends at `end` or earlier; -1 if there is none. */
  find(bytes: Uint8Array, from: number, end: number): number {
    const shifts = this.#shifts;
    const window = this.#window;
    let last = from + window - 1;
    while (last < end) {
      const shift = shifts[((bytes[last - 1] ?? 0) << 8) | (bytes[last] ?? 0)] ?? 1;
      if (shift > 0) last += shift;
      else if (this.#matches(bytes, last - window + 1, end)) return last - window + 1;
      else last++;
    }
    return -1;
  }

  #matches(bytes: Uint8Array, at: number, end: number): boolean {
    for (const pattern of this.#patterns) {
      let k = 0;
      while (k < pattern.length && bytes[at + k] === pattern[k]) k++;
      if (k === pattern.length && at + k <= end) return true;
    }
    return false;
  }
}
