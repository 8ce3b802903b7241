import type { Chain } from "../chain/chain.ts";
import type { EncodedBlock } from "../wire/block-encoder.ts";
import { falseBlock } from "./false-block.ts";

export interface BlockView {
  readonly details: "full" | "signatures" | "none";
  readonly rewards: boolean;
}

export interface BlockLies {
  /** Whether the endpoint shows a false block in a slot. */
  isFalse(slot: number): boolean;
  readonly endpoint: number;
}

const MAX_CHARS = 16 * 1024 * 1024;

/** The texts of blocks as they were asked for, the latest kept. */
export class BlockCache {
  readonly #chain: Chain;
  readonly #lies: BlockLies | null;
  readonly #texts = new Map<string, string>();
  #chars = 0;

  constructor(chain: Chain, lies: BlockLies | null = null) {
    this.#chain = chain;
    this.#lies = lies;
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

  /** The block as this endpoint shows it. */
  block(slot: number): EncodedBlock["block"] {
    const block = this.#chain.blockAt(slot);
    return this.#lies?.isFalse(slot) === true ? falseBlock(block, this.#lies.endpoint) : block;
  }

  #write(slot: number, { details, rewards }: BlockView): string {
    const { transactions, rewards: paid, ...facts } = this.block(slot);
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
