import { type Trade, tradeId } from "@candlewick/domain";

interface PendingBlock {
  readonly time: number;
  /** Trades by identity; null where the trade is part of the snapshot and cannot be taken out here. */
  readonly trades: Map<string, Trade | null>;
}

/** The blocks that may still be taken back, with their trades; and the ids of those that were. */
export class PendingBlocks {
  readonly #blocks = new Map<string, PendingBlock>();
  /** Orphaned block ids with the time at which they may be forgotten. */
  readonly #orphaned = new Map<string, number>();

  isOrphaned(blockId: string): boolean {
    return this.#orphaned.has(blockId);
  }

  /** Remembers a trade. False where its identity is known already. */
  add(trade: Trade, time: number, inSnapshot: boolean): boolean {
    let block = this.#blocks.get(trade.block.id);
    if (block === undefined) {
      block = { time, trades: new Map() };
      this.#blocks.set(trade.block.id, block);
    }
    const id = tradeId(trade);
    if (block.trades.has(id)) return false;
    block.trades.set(id, inSnapshot ? null : trade);
    return true;
  }

  /** Takes a block back: its trades where all of them are pending here, else null. `headTime`: now. */
  orphan(blockId: string, headTime: number): Trade[] | null {
    this.#orphaned.set(blockId, headTime);
    const trades = [...(this.#blocks.get(blockId)?.trades.values() ?? [])];
    this.#blocks.delete(blockId);
    const own = trades.filter((trade) => trade !== null);
    return own.length === trades.length ? own : null;
  }

  /** Says that a block counts after all. */
  restore(blockId: string): void {
    this.#orphaned.delete(blockId);
  }

  /** The trades of a pair that are pending. */
  ofPair(pair: string): Trade[] {
    const trades: Trade[] = [];
    for (const block of this.#blocks.values()) {
      for (const trade of block.trades.values()) if (trade?.pair === pair) trades.push(trade);
    }
    return trades;
  }

  /** Lets go of the blocks older than `time` and returns their trades. */
  settle(time: number): Trade[] {
    const trades: Trade[] = [];
    for (const [id, block] of this.#blocks) {
      if (block.time >= time) continue;
      this.#blocks.delete(id);
      for (const trade of block.trades.values()) if (trade !== null) trades.push(trade);
    }
    for (const [id, seen] of this.#orphaned) if (seen < time) this.#orphaned.delete(id);
    return trades;
  }
}
