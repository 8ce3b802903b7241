import type { Random } from "../encoding/random.ts";

/** Items picked by Zipf's law: the n-th is picked 1/n as often as the first. */
export class WeightedList<Item> {
  readonly #items: readonly Item[];
  readonly #sums: Float64Array;

  constructor(items: readonly Item[]) {
    this.#items = items;
    this.#sums = new Float64Array(items.length);
    let sum = 0;
    for (let i = 0; i < items.length; i++) {
      sum += 1 / (i + 1);
      this.#sums[i] = sum;
    }
  }

  /** Throws a RangeError when the list is empty. */
  pick(random: Random): Item {
    const sum = this.#sums.at(-1) ?? 0;
    const at = random.float() * sum;
    let low = 0;
    let high = this.#items.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sums[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    const item = this.#items[low];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}
