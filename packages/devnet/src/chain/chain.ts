import { DevnetError } from "../devnet-error.ts";
import { type Seed, seedOf } from "../encoding/random.ts";
import { BlockEncoder, type EncodedBlock } from "../wire/block-encoder.ts";
import { AddressBook } from "./address.ts";
import { Market } from "./market.ts";
import { MetadataIndex } from "./metadata-index.ts";
import { type ChainOptions, chainOptions } from "./options.ts";
import { orphanOf } from "./orphan.ts";
import type { BlockPlan } from "./plan.ts";
import { SlotCalendar } from "./slot-calendar.ts";
import { STRETCH_SLOTS, Stretch } from "./stretch.ts";
import { SOL, type Token, USDC, USDT } from "./token.ts";
import type { TruthTrade } from "./truth.ts";

/** A deterministic chain: the same options give the same bytes for every slot, in any order of asking. */
export interface Chain {
  readonly options: ChainOptions;
  readonly calendar: SlotCalendar;
  /** The result of `getBlock` with all details. Throws a DevnetError (NO_BLOCK) for a slot without a block. */
  blockAt(slot: number): EncodedBlock["block"];
  /** What a decoder must find in the block, in the order of positions; nothing for a slot without a block. */
  truthOf(slot: number): readonly TruthTrade[];
  /** The block of a slot whose block dies. Throws a DevnetError (NO_BLOCK) for any other slot. */
  orphanAt(slot: number): EncodedBlock["block"];
  /** What a decoder must find in a block that dies; nothing for a slot without one. */
  orphanTruthOf(slot: number): readonly TruthTrade[];
  /** Dollars per SOL that the pools are drawn to. */
  solUsdAt(slot: number): number;
  /** The token of that mint, where it is a lasting one or a coin that traded not long before that slot. */
  tokenOf(mint: string, slot: number): Token | undefined;
  /** The token whose name Metaplex keeps at that address, under the same condition. */
  tokenDescribedAt(address: string, slot: number): Token | undefined;
}

/** Blocks of so many transactions together are kept: the heap they take is what limits a loaded chain. */
const TRANSACTIONS_KEPT = 500;

/** For how long a coin is known that trades no more: who reads old blocks asks for it late. */
const COINS_KNOWN_SLOTS = 10_000;

/** Makes a chain. Throws a DevnetError (INVALID_OPTION). */
export function createChain(given: Partial<ChainOptions> & { readonly genesisUnixMs: number }): Chain {
  return new SeededChain(chainOptions(given));
}

class SeededChain implements Chain {
  readonly options: ChainOptions;
  readonly calendar: SlotCalendar;
  readonly #market: Market;
  readonly #encoder: BlockEncoder;
  readonly #blocks = new Map<number, EncodedBlock>();
  readonly #tokens = new Map<string, Token>();
  readonly #metadata = new MetadataIndex(() => this.#tokens.values());
  #kept = 0;
  #cursor: { readonly stretch: Stretch; nextSlot: number } | null = null;

  constructor(options: ChainOptions) {
    const seed: Seed = seedOf(options.seed);
    const book = new AddressBook(options.seed);
    this.options = options;
    this.calendar = new SlotCalendar(seed, options);
    this.#market = new Market(seed, options, book);
    this.#encoder = new BlockEncoder(seed, book, this.calendar);
    for (const token of [SOL, USDC, USDT]) this.#tokens.set(token.mint.text, token);
    for (const pool of this.#market.pools.others) {
      for (const token of [pool.base, pool.quote]) this.#tokens.set(token.mint.text, token);
    }
  }

  blockAt(slot: number): EncodedBlock["block"] {
    if (!this.calendar.hasBlock(slot)) throw new DevnetError("NO_BLOCK", `Slot ${slot} has no block.`);
    return this.#encoded(slot).block;
  }

  truthOf(slot: number): readonly TruthTrade[] {
    return this.calendar.hasBlock(slot) ? this.#encoded(slot).trades : [];
  }

  orphanAt(slot: number): EncodedBlock["block"] {
    return this.#orphan(slot).block;
  }

  orphanTruthOf(slot: number): readonly TruthTrade[] {
    return this.calendar.hasOrphan(slot) ? this.#orphan(slot).trades : [];
  }

  solUsdAt(slot: number): number {
    return this.#market.pools.solUsdAt(this.calendar.indexOf(slot));
  }

  tokenOf(mint: string, slot: number): Token | undefined {
    const lasting = this.#tokens.get(mint);
    if (lasting !== undefined) return lasting;
    return this.#coinsAt(slot).find((coin) => coin.mint.text === mint);
  }

  tokenDescribedAt(address: string, slot: number): Token | undefined {
    const mint = this.#metadata.mintAt(address, this.#coinsAt(slot));
    return mint === undefined ? undefined : this.tokenOf(mint, slot);
  }

  #coinsAt(slot: number): Token[] {
    const index = this.calendar.indexOf(slot);
    return this.#market.coins.between(index - COINS_KNOWN_SLOTS, index).map(({ token }) => token);
  }

  #encoded(slot: number): EncodedBlock {
    const known = this.#blocks.get(slot);
    if (known !== undefined) return known;
    const encoded = this.#encoder.encode(this.#plan(slot));
    this.#blocks.set(slot, encoded);
    this.#kept += encoded.block.transactions.length;
    for (const [oldest, { block }] of this.#blocks) {
      if (this.#kept <= TRANSACTIONS_KEPT || oldest === slot) break;
      this.#blocks.delete(oldest);
      this.#kept -= block.transactions.length;
    }
    return encoded;
  }

  #orphan(slot: number): EncodedBlock {
    if (!this.calendar.hasOrphan(slot))
      throw new DevnetError("NO_BLOCK", `Slot ${slot} has no block that dies.`);
    let next = slot + 1;
    while (!this.calendar.hasBlock(next)) next++;
    return orphanOf(this.#encoded(next), slot, this.calendar);
  }

  /** Plans forward from the start of the slot's stretch, or from where the last question left off in it. */
  #plan(slot: number): BlockPlan {
    const index = this.calendar.indexOf(slot);
    const startIndex = index - (index % STRETCH_SLOTS);
    let cursor = this.#cursor;
    if (cursor === null || cursor.stretch.startIndex !== startIndex || cursor.nextSlot > slot) {
      const coins = this.#market.coins.between(startIndex - STRETCH_SLOTS, startIndex + STRETCH_SLOTS);
      cursor = { stretch: new Stretch(startIndex, coins), nextSlot: this.options.firstSlot + startIndex };
      this.#cursor = cursor;
    }
    for (;;) {
      const at = cursor.nextSlot++;
      if (!this.calendar.hasBlock(at)) continue;
      const parentIndex = this.calendar.indexOf(this.calendar.parentOf(at));
      const plan = this.#market.planBlock(cursor.stretch, at, this.calendar.indexOf(at), parentIndex);
      if (at === slot) return plan;
    }
  }
}
