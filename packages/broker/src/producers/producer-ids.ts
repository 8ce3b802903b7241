import type { Journal } from "../storage/journal.ts";

const KEY = JSON.stringify(["producer-ids"]);
/** So many ids are reserved by one write. */
const BLOCK_SIZE = 1000;

/** Gives out producer ids, each once for ever. */
export class ProducerIds {
  readonly #journal: Journal;
  #next = 0;
  #reservedUpTo = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const { key, value } of journal.entries()) {
      if (key === KEY && typeof value === "number") this.#next = value;
    }
    this.#reservedUpTo = this.#next;
  }

  /** The next id; resolves when its block is safely reserved. */
  async next(): Promise<number> {
    const id = this.take();
    await this.#journal.flush();
    return id;
  }

  /** The next id, which nobody may be told before the journal is flushed. */
  take(): number {
    const id = this.#next;
    if (id >= this.#reservedUpTo) {
      const reservedUpTo = id + BLOCK_SIZE;
      this.#journal.put([{ key: KEY, value: reservedUpTo }]);
      this.#reservedUpTo = reservedUpTo;
    }
    this.#next++;
    return id;
  }
}
