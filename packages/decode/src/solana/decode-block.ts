import { clamps, type PoolEvent, type Slot, type Swap } from "@candlewick/domain";
import { type BlockEntries, blockFacts, readWholeBlock, type SolanaBlockFacts } from "./block.ts";
import { readCompactBlock } from "./compact-block.ts";
import { decodeEntry } from "./decode-transaction.ts";
import { Findings } from "./swap-assembly.ts";

export interface DecodedBlock {
  readonly block: SolanaBlockFacts;
  /** In position order. */
  readonly swaps: Swap[];
  /** What happened to pools beside the swaps, in position order. */
  readonly poolEvents: PoolEvent[];
  /** Reason -> how many venue instructions were seen and gave no swap. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Reason -> how many instructions were seen that did something to a pool, but not what can be told. */
  readonly skippedEvents: ReadonlyMap<string, number>;
  /** Successful transactions that touch a venue and whose log the node cut: what only the log tells may be missing. */
  readonly truncatedLogs: number;
}

/**
 * Decodes a block: the `result` of getBlock with full transactions in the encodings `json`, `base64` or
 * `jsonParsed`, or the whole JSON-RPC response. Throws a DecodeError, one sentence that says what is wrong and where, for anything that is not a
 * block; strange data inside of an instruction is counted in `skipped`.
 */
export function decodeSolanaBlock(bytes: Uint8Array, slot: Slot): DecodedBlock {
  return decodeEntries(readCompactBlock(bytes) ?? readWholeBlock(bytes), slot);
}

/** Decodes the transactions of a block that some reader found. */
export function decodeEntries({ fields, count, entries }: BlockEntries, slot: Slot): DecodedBlock {
  const findings = new Findings();
  const block = blockFacts(fields, slot, count);
  for (const { txIndex, entry, log } of entries) {
    decodeEntry(entry, { slot, txIndex, where: `transactions[${txIndex}]`, log }, findings);
  }
  return decodedBlock(block, findings);
}

/** What was found in a block's transactions, put together. */
export function decodedBlock(block: SolanaBlockFacts, findings: Findings): DecodedBlock {
  const { poolEvents, skipped, skippedEvents, truncatedLogs, signers } = findings;
  const clamping = clamps(findings.swaps.map((swap, index) => ({ swap, signer: signers[index] ?? "" })));
  const swaps = findings.swaps.map((swap) => ({ ...swap, clamp: clamping.has(swap) }));
  return {
    block,
    swaps,
    poolEvents,
    skipped: skipped.counts,
    skippedEvents: skippedEvents.counts,
    truncatedLogs,
  };
}
