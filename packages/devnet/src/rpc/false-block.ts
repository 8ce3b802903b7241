import { createHash } from "node:crypto";
import { encodeBase58 } from "../encoding/base58.ts";
import { hash32, type Seed, TOPIC } from "../encoding/random.ts";
import type { EncodedBlock } from "../wire/block-encoder.ts";

type Block = EncodedBlock["block"];

/** Whether an endpoint shows another block in that slot than the chain's: always or never. */
export function isFalse(seed: Seed, slot: number, endpoint: number, rate: number): boolean {
  return rate > 0 && hash32(seed, TOPIC.lie, slot, endpoint) / 2 ** 32 < rate;
}

/**
 * The block that a lying endpoint shows: it follows on the same parent, has another hash, and holds some of
 * the true block's transactions only. Nothing in it is wrong by itself.
 */
export function falseBlock(block: Block, endpoint: number): Block {
  const hash = createHash("sha256").update(`false/${endpoint}/${block.blockhash}`).digest();
  return {
    ...block,
    blockhash: encodeBase58(hash),
    transactions: block.transactions.slice(0, Math.ceil(block.transactions.length / 2)),
  };
}
