import type { Slot, Swap } from "@candlewick/domain";
import { type BlockEntries, blockFacts, readWholeBlock, type SolanaBlockFacts } from "./block.ts";
import { readCompactBlock } from "./compact-block.ts";
import { decodeEntry } from "./decode-transaction.ts";
import { SkipCounts } from "./swap-assembly.ts";

export interface DecodedBlock {
  readonly block: SolanaBlockFacts;
  /** In position order. */
  readonly swaps: Swap[];
  /** Reason -> how many venue instructions were seen and gave no swap. */
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * Decodes a block: the `result` of getBlock in `json` encoding with full transactions, or the whole JSON-RPC
 * response. Throws a DecodeError, one sentence that says what is wrong and where, for anything that is not a
 * block; strange data inside of an instruction is counted in `skipped`.
 */
export function decodeSolanaBlock(bytes: Uint8Array, slot: Slot): DecodedBlock {
  return decodeEntries(readCompactBlock(bytes) ?? readWholeBlock(bytes), slot);
}

/** Decodes the transactions of a block that some reader found. */
export function decodeEntries({ fields, count, entries }: BlockEntries, slot: Slot): DecodedBlock {
  const skipped = new SkipCounts();
  const block = blockFacts(fields, slot, count);
  const swaps: Swap[] = [];
  for (const [txIndex, entry] of entries) {
    swaps.push(...decodeEntry(entry, slot, txIndex, skipped, `transactions[${txIndex}]`));
  }
  return { block, swaps, skipped: skipped.counts };
}
