/** A bounded amount of memory that all connections share. */
export class MemoryPool {
  readonly #limitBytes: number;
  #heldBytes = 0;
  #waiting: (() => void)[] = [];

  /** 0 or less is no limit. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes > 0 ? limitBytes : Number.POSITIVE_INFINITY;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What may be taken without going over the limit. */
  get left(): number {
    return Math.max(0, this.#limitBytes - this.#heldBytes);
  }

  /** Takes memory if there is enough; whoever comes first gets it in any case, or it could never go on. */
  tryTake(bytes: number): boolean {
    if (this.#heldBytes > 0 && bytes > this.left) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Takes memory that is there already, limit or not. */
  take(bytes: number): void {
    this.#heldBytes += bytes;
  }

  give(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes -= bytes;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Calls back once, after the next time that memory is given back. */
  whenFreed(wake: () => void): void {
    this.#waiting.push(wake);
  }
}

/** What requests and answers may hold, over all connections of a broker. */
export class Memory {
  /** Requests that arrive in pieces, from their size to their answer. */
  readonly requests: MemoryPool;
  /** Answers from the moment they are written to a socket until the system has taken them. */
  readonly answers: MemoryPool;

  constructor(limits: { readonly requestMemoryBytes: number; readonly answerMemoryBytes: number }) {
    this.requests = new MemoryPool(limits.requestMemoryBytes);
    this.answers = new MemoryPool(limits.answerMemoryBytes);
  }
}
