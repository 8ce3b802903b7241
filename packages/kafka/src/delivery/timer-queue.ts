/** Things that are due at a time, the earliest first: a binary heap. */
export class TimerQueue<Item> {
  readonly #heap: { readonly atMs: number; readonly item: Item }[] = [];

  /** When the earliest is due; null where nothing waits. */
  get nextMs(): number | null {
    return this.#heap[0]?.atMs ?? null;
  }

  add(atMs: number, item: Item): void {
    const heap = this.#heap;
    heap.push({ atMs, item });
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) break;
      child = parent;
    }
  }

  /** Takes the earliest out if it is due. */
  takeDue(nowMs: number): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) {
      heap[0] = last;
      this.#sink(0);
    }
    return first.item;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let parent = from; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      const isRight = (heap[right]?.atMs ?? Number.POSITIVE_INFINITY) < (heap[left]?.atMs ?? 0);
      const child = isRight ? right : left;
      if (child >= heap.length || !this.#swapIfEarlier(child, parent)) return;
      parent = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const lower = this.#heap[child];
    const upper = this.#heap[parent];
    if (lower === undefined || upper === undefined || lower.atMs >= upper.atMs) return false;
    this.#heap[child] = upper;
    this.#heap[parent] = lower;
    return true;
  }
}
