import type { TradeWithPair } from "@candlewick/contracts";
import { dropOldest } from "./oldest-entry.ts";
import { tradeName } from "./trade-order.ts";

const MAX_ORPHANS = 1024;

/**
 * The last live trades of all pairs, bounded: what is on Kafka but may not be in the store yet. It also
 * tells a trade that was sent before (a producer that starts again repeats its last block), and one whose
 * block is known to be orphaned.
 */
export class RecentTrades {
  readonly #byName = new Map<string, TradeWithPair>();
  readonly #orphans = new Set<string>();
  readonly #maxTrades: number;

  constructor(maxTrades: number) {
    this.#maxTrades = maxTrades;
  }

  /** Takes a trade; tells why where it is not taken. */
  add(trade: TradeWithPair): "taken" | "duplicate" | "orphaned" {
    if (this.#orphans.has(trade.block_id)) return "orphaned";
    const name = tradeName(trade);
    if (this.#byName.has(name)) return "duplicate";
    this.#byName.set(name, trade);
    if (this.#byName.size > this.#maxTrades) dropOldest(this.#byName);
    return "taken";
  }

  /** Takes out the trades of a block that is not canonical, and those of them that come later. */
  orphan(blockId: string): void {
    this.#orphans.add(blockId);
    if (this.#orphans.size > MAX_ORPHANS) dropOldest(this.#orphans);
    for (const [name, trade] of this.#byName) {
      if (trade.block_id === blockId) this.#byName.delete(name);
    }
  }

  /** A block that was orphaned is canonical again. */
  restore(blockId: string): void {
    this.#orphans.delete(blockId);
  }

  isOrphan(blockId: string): boolean {
    return this.#orphans.has(blockId);
  }

  of(pair: string): TradeWithPair[] {
    return [...this.#byName.values()].filter((trade) => trade.pair_addr === pair);
  }

  get size(): number {
    return this.#byName.size;
  }
}
