/** Smaller batches come from Node's own pool. */
const LEAST_BYTES = 32 << 10;
/** What is kept for the next batches at most. */
const KEPT_BYTES = 16 << 20;

/**
 * Memory that batches are encoded into, used again once a batch has its outcome: large buffers that are fresh cost
 * ten times as much as writing them, because the system hands out each of their pages anew.
 */
export class BatchMemory {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafe(bytes);
    const index = this.#free.findIndex(({ length }) => length >= bytes);
    const [found] = index < 0 ? [] : this.#free.splice(index, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
    this.#freeBytes -= found.length;
    return found;
  }

  /** Takes back what `take` gave out. Nobody may look at it any more. */
  give(buffer: Buffer): void {
    if (buffer.length < LEAST_BYTES || this.#freeBytes + buffer.length > KEPT_BYTES) return;
    this.#free.push(buffer);
    this.#freeBytes += buffer.length;
  }
}
