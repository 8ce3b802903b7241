interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
  readonly refuse: (error: Error) => void;
}

/**
 * Bytes that may be held at one time. Whoever finds no room waits in line; nobody overtakes, so that the
 * order of messages survives a full buffer.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  #usedBytes = 0;
  readonly #line: Waiter[] = [];

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether `bytes` can be had at once. */
  hasRoom(bytes: number): boolean {
    return this.#line.length === 0 && this.#usedBytes + bytes <= this.limitBytes;
  }

  /** Takes `bytes` where they can be had at once. */
  tryAcquire(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Calls `grant` as soon as there is room, at once if possible, or `refuse` when the line is dissolved. */
  acquire(bytes: number, grant: () => void, refuse: (error: Error) => void): void {
    if (!this.hasRoom(bytes)) {
      this.#line.push({ bytes, grant, refuse });
      return;
    }
    this.#usedBytes += bytes;
    grant();
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    for (let next = this.#line[0]; next !== undefined; next = this.#line[0]) {
      if (this.#usedBytes + next.bytes > this.limitBytes) return;
      this.#line.shift();
      this.#usedBytes += next.bytes;
      next.grant();
    }
  }

  /** Refuses everybody who waits. */
  dissolve(error: Error): void {
    for (const waiter of this.#line.splice(0)) waiter.refuse(error);
  }
}
