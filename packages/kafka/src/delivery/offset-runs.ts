/** A set of offsets as ascending runs [start, end) that neither touch nor overlap. */
export class OffsetRuns {
  #runs: [start: number, end: number][] = [];

  /** Adds the offsets from `start` up to, not including, `end`. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const last = this.#runs.at(-1);
    if (last === undefined || start > last[1]) {
      this.#runs.push([start, end]);
      return;
    }
    if (start >= last[0]) {
      last[1] = Math.max(last[1], end);
      return;
    }
    const before = this.#runs.filter((run) => run[1] < start);
    const after = this.#runs.filter((run) => run[0] > end);
    const touched = this.#runs.slice(before.length, this.#runs.length - after.length);
    const first = touched[0]?.[0] ?? start;
    const furthest = touched.at(-1)?.[1] ?? end;
    this.#runs = [...before, [Math.min(first, start), Math.max(furthest, end)], ...after];
  }

  has(offset: number): boolean {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle];
      if (run === undefined || offset < run[0]) high = middle;
      else if (offset >= run[1]) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** The first offset from `offset` on that is not in the set. */
  firstOutside(offset: number): number {
    const run = this.#runs.find(([start, end]) => start <= offset && offset < end);
    return run === undefined ? offset : run[1];
  }

  /** Forgets all offsets below `offset`. */
  forgetBelow(offset: number): void {
    while (this.#runs.length > 0) {
      const run = this.#runs[0];
      if (run === undefined || run[0] >= offset) return;
      if (run[1] > offset) {
        run[0] = offset;
        return;
      }
      this.#runs.shift();
    }
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** How many offsets it holds. */
  get size(): number {
    return this.#runs.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** The runs, ascending. */
  runs(): readonly (readonly [start: number, end: number])[] {
    return this.#runs;
  }
}
