/** A transaction whose records are not to be read, as a Fetch answer names it. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** What the header of a batch tells of its transaction. */
export interface TransactionalBatch {
  readonly producerId: bigint;
  readonly lastOffset: bigint;
  readonly isTransactional: boolean;
  /** Whether it marks the end of a transaction. */
  readonly isControl: boolean;
}

/**
 * Tells which batches belong to aborted transactions, if it is asked about all batches of an answer in their order.
 * A producer has one transaction at a time: from the first offset of an aborted one to the marker of its end, what the
 * producer wrote is void.
 */
export class AbortedTransactions {
  readonly #upcoming: AbortedTransaction[];
  readonly #producers = new Set<bigint>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#upcoming = transactions.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  }

  has({ producerId, lastOffset, isTransactional, isControl }: TransactionalBatch): boolean {
    for (let next = this.#upcoming[0]; next !== undefined; next = this.#upcoming[0]) {
      if (next.firstOffset > lastOffset) break;
      this.#producers.add(next.producerId);
      this.#upcoming.shift();
    }
    if (!isTransactional || !this.#producers.has(producerId)) return false;
    if (isControl) this.#producers.delete(producerId);
    return true;
  }
}
