const LEAST_CAPACITY = 8;
const KEPT_CAPACITY = 1_024;

/** A queue that takes from the front without moving the rest: a ring, which takes no new memory in its stride. */
export class Fifo<Item> {
  /** As many places as a power of two. */
  #ring: (Item | undefined)[] = new Array(LEAST_CAPACITY);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  peek(): Item | undefined {
    return this.#ring[this.#head];
  }

  push(item: Item): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size++;
  }

  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    // What was long once need not be so for ever.
    if (this.#size === 0 && this.#ring.length > KEPT_CAPACITY) this.#resize(LEAST_CAPACITY);
    return item;
  }

  /** Puts items back to the front, in their order. */
  unshift(items: readonly Item[]): void {
    const size = this.#size + items.length;
    if (size > this.#ring.length) this.#resize(2 ** Math.ceil(Math.log2(size)));
    for (let index = items.length - 1; index >= 0; index--) {
      this.#head = (this.#head - 1) & (this.#ring.length - 1);
      this.#ring[this.#head] = items[index];
    }
    this.#size = size;
  }

  #resize(capacity: number): void {
    const ring: (Item | undefined)[] = new Array(capacity);
    for (let index = 0; index < this.#size; index++)
      ring[index] = this.#ring[(this.#head + index) & (this.#ring.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
