import type { Chain } from "../chain/chain.ts";

export interface BlockView {
  readonly details: "full" | "signatures" | "none";
  readonly rewards: boolean;
}

const MAX_CHARS = 16 * 1024 * 1024;

/** The texts of blocks as they were asked for, the latest kept. */
export class BlockCache {
  readonly #chain: Chain;
  readonly #texts = new Map<string, string>();
  #chars = 0;

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /** The JSON of the block. */
  text(slot: number, view: BlockView): string {
    const key = `${slot}/${view.details}/${view.rewards}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = this.#write(slot, view);
    this.#texts.set(key, text);
    this.#chars += text.length;
    for (const [oldest, old] of this.#texts) {
      if (this.#chars <= MAX_CHARS || oldest === key) break;
      this.#texts.delete(oldest);
      this.#chars -= old.length;
    }
    return text;
  }

  #write(slot: number, { details, rewards }: BlockView): string {
    const { transactions, rewards: paid, ...facts } = this.#chain.blockAt(slot);
    const head = rewards ? { ...facts, rewards: paid } : facts;
    switch (details) {
      case "full":
        return JSON.stringify({ ...head, transactions });
      case "signatures":
        return JSON.stringify({
          ...head,
          signatures: transactions.map(({ transaction }) => transaction.signatures[0]),
        });
      case "none":
        return JSON.stringify(head);
    }
  }
}
