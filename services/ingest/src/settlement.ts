import {
  type BlockRecord,
  type ChainName,
  nextSolPrice,
  type Slot,
  type SolPrice,
  type SolPriceRule,
  slot,
  type Trade,
  tradeOfSwap,
} from "@candlewick/domain";
import type { StoredPool } from "@candlewick/store";
import { poolsCreatedIn } from "./pair-directory.ts";
import type { BlockFacts, Commitment, Cursor, DecodedBlock, ReopenedSlot, SlotEntry } from "./ports.ts";

/** What a slot's settlement depends on besides the block and the cursor before it. */
export interface SettlementRules {
  readonly chain: ChainName;
  readonly baseMints: readonly string[];
  readonly priceRule: SolPriceRule;
  /** How sure the chain is of a block that the source hands over; getBlock never answers with less than confirmed. */
  readonly commitment: Commitment;
  readonly continuity: "linked" | "sparse";
  /**
   * Puts what is known of the pairs on a block's trades. It grows with time: a block that is sent again may tell
   * more of its pairs than before, and of its trades the same.
   */
  readonly describe?: (decoded: DecodedBlock, trades: readonly Trade[]) => Trade[];
}

/** All that is to be published and written down for one slot and the empty ones before it. */
export interface Settlement {
  readonly slot: Slot;
  /** In order of position. */
  readonly trades: readonly Trade[];
  /** In order of slot: the skipped slots since the last cursor, then the slot itself. */
  readonly records: readonly BlockRecord[];
  /** In order of slot: those since the last cursor, skipped or missing, then the slot itself. */
  readonly entries: readonly SlotEntry[];
  /** The cursor before it; null where it is the first. */
  readonly before: Cursor | null;
  /** The cursor once all of it is acknowledged. */
  readonly cursor: Cursor;
  /**
   * For a slot that was given up: the cursor before it. It is stored under the slot's name, and that of the first
   * missing one before it, so that the block is priced, whenever it comes, from the price that its predecessor
   * left and not from a later one.
   */
  readonly kept: Cursor | null;
  /** Pools that began to exist in the block. */
  readonly pools: readonly StoredPool[];
  /** Swaps that became no trade, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Why the block does not follow the last one; null where it does. */
  readonly mismatch: string | null;
  /** The slot before, where its block turned out not to be the chain's: it is to be settled again. */
  readonly disputed: ReopenedSlot | null;
}

/**
 * The slot between the cursor and a block that holds the block's parent, where one does: it was taken for
 * skipped and is not.
 */
export function missingParent(last: Cursor | null, block: BlockFacts, rules: SettlementRules): Slot | null {
  const parent = parentSlotOf(block);
  if (rules.continuity === "sparse" || last === null || parent === null) return null;
  return parent > last.slot ? parent : null;
}

/** Settles a slot by its decoded block. A pure function of its arguments: a second run gives the same, bit for bit. */
export function settleBlock(
  last: Cursor | null,
  decoded: DecodedBlock,
  attempts: number,
  rules: SettlementRules,
  disputed: ReopenedSlot | null = null,
): Settlement {
  const { block } = decoded;
  const { price, trades, skipped } = priceBlock(last, decoded, rules);
  const gap = skippedBefore(last, block.slot, rules);
  const mismatch = parentMismatch(last, block);
  const nativePrice = block.time === null ? null : price;
  const record: BlockRecord = {
    ...emptyRecord(rules.chain, block.slot, rules.commitment),
    id: block.id,
    parentSlot: parentSlotOf(block),
    parentId: block.parentId,
    height: block.height,
    time: block.time,
    tradeCount: trades.length,
    nativeUsd: nativePrice?.usd ?? null,
    nativeUsdSlot: nativePrice === null ? null : slot(nativePrice.slot),
  };
  const entry: SlotEntry = {
    slot: block.slot,
    status: "processed",
    attempts,
    reason: mismatch,
    blockId: block.id,
  };
  return {
    slot: block.slot,
    trades,
    records: [...gap.records, record],
    entries: [...gap.entries, entry],
    before: last,
    cursor: {
      slot: block.slot,
      blockId: block.id,
      blockTime: block.time ?? last?.blockTime ?? null,
      solPrice: price,
    },
    kept: null,
    pools: poolsCreatedIn(decoded),
    skipped,
    mismatch,
    disputed,
  };
}

/**
 * Settles a slot that was given up. Its price is that of the block before: what it would have said is not known.
 * `proved`: whether the source listed it, so that the slots before it are known to be empty. A slot that only its
 * child's word shows says nothing of those before it: which of them hold blocks, its own block would tell.
 */
export function settleFailure(
  last: Cursor | null,
  failed: { slot: Slot; status: "failed" | "missing"; reason: string; attempts: number },
  rules: SettlementRules,
  { proved }: { readonly proved: boolean },
): Settlement {
  const gap = proved
    ? skippedBefore(last, failed.slot, rules)
    : { records: [], entries: missingBefore(last, failed.slot, rules) };
  const kept = last ?? { slot: failed.slot - 1, blockId: null, blockTime: null, solPrice: null };
  return {
    slot: failed.slot,
    trades: [],
    records: [...gap.records, emptyRecord(rules.chain, failed.slot, "failed")],
    entries: [...gap.entries, { ...failed, blockId: null }],
    before: last,
    cursor: { ...kept, slot: failed.slot, blockId: null },
    kept: failed.slot === 0 ? null : kept,
    pools: [],
    skipped: new Map(),
    mismatch: null,
    disputed: null,
  };
}

/** The record of a slot that brings no block. */
export function emptyRecord(chain: ChainName, at: Slot, status: BlockRecord["status"]): BlockRecord {
  return {
    chain,
    slot: at,
    status,
    id: null,
    parentSlot: null,
    parentId: null,
    height: null,
    time: null,
    tradeCount: 0,
    nativeUsd: null,
    nativeUsdSlot: null,
  };
}

function priceBlock(
  last: Cursor | null,
  decoded: DecodedBlock,
  rules: SettlementRules,
): { price: SolPrice | null; trades: Trade[]; skipped: Map<string, number> } {
  const { block, swaps, skipped } = decoded;
  const before = last?.solPrice ?? null;
  const counts = new Map(skipped);
  // A block without time cannot tell the age of a price: it neither takes it nor ends it.
  if (block.time === null) {
    if (swaps.length > 0) counts.set("no-block-time", (counts.get("no-block-time") ?? 0) + swaps.length);
    return { price: before, trades: [], skipped: counts };
  }
  const price = nextSolPrice(before, block, swaps, rules.priceRule);
  const ref = { chain: rules.chain, id: block.id, slot: block.slot, time: block.time };
  const plain = swaps.map((swap) => tradeOfSwap(swap, ref, price?.usd ?? null, rules.baseMints));
  const trades = rules.describe === undefined ? plain : rules.describe(decoded, plain);
  return { price, trades, skipped: counts };
}

function skippedBefore(
  last: Cursor | null,
  until: Slot,
  rules: SettlementRules,
): { records: BlockRecord[]; entries: SlotEntry[] } {
  const records: BlockRecord[] = [];
  const entries: SlotEntry[] = [];
  if (rules.continuity === "sparse" || last === null) return { records, entries };
  for (let empty = last.slot + 1; empty < until; empty++) {
    records.push(emptyRecord(rules.chain, slot(empty), "skipped"));
    entries.push({ slot: empty, status: "skipped", attempts: 1, reason: null, blockId: null });
  }
  return { records, entries };
}

/** Nothing is published of slots of which nothing is known: they are looked for like others that are missing. */
function missingBefore(last: Cursor | null, until: Slot, rules: SettlementRules): SlotEntry[] {
  if (rules.continuity === "sparse" || last === null) return [];
  const reason = "lies before a block that is missing";
  return Array.from({ length: until - last.slot - 1 }, (_, index) => ({
    slot: last.slot + 1 + index,
    status: "missing",
    attempts: 0,
    reason,
    blockId: null,
  }));
}

/** Why a block does not follow the last one; null where it does, or where nothing is known of that. */
export function parentMismatch(last: Cursor | null, block: BlockFacts): string | null {
  const parent = parentSlotOf(block);
  if (last === null || last.blockId === null || parent === null) return null;
  if (parent < last.slot) {
    return `parent mismatch: the block's parent is slot ${parent}, but slot ${last.slot} holds block ${last.blockId}`;
  }
  if (parent === last.slot && block.parentId !== null && block.parentId !== last.blockId) {
    return `parent mismatch: the block's parent in slot ${parent} is ${block.parentId}, but ${last.blockId} is stored`;
  }
  return null;
}

/** The first block of a chain names itself as its parent: that is none. */
function parentSlotOf(block: BlockFacts): Slot | null {
  return block.parentSlot !== null && block.parentSlot < block.slot ? block.parentSlot : null;
}
