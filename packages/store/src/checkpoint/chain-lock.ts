import { CHAIN_IDS, type ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";

/**
 * How a transaction shares a chain with others. Writers that only add trades share it: their merges commute.
 * One that changes whether a block counts needs it alone: it recomputes candles from the stored trades and
 * would miss the trades of that block which another writer has folded into candles but not yet committed;
 * that writer in turn would not see that the block no longer counts. Waiting for the lock means that every
 * earlier writer has committed and every later one reads the new state of the block.
 */
export type ChainLock = "shared" | "exclusive";

/** Arbitrary, the same for all: the first half of the advisory locks of chains. */
const LOCK_SPACE = 0x6377;

const TAKE: Readonly<Record<ChainLock, Statement>> = {
  shared: { name: "lock-chain-shared", text: "SELECT pg_advisory_xact_lock_shared($1, $2)" },
  exclusive: { name: "lock-chain", text: "SELECT pg_advisory_xact_lock($1, $2)" },
};

/** Takes the lock until the end of the transaction. With several chains: in the order of their names. */
export async function lockChain(transaction: Transaction, chain: ChainName, lock: ChainLock): Promise<void> {
  await transaction.query(TAKE[lock], [LOCK_SPACE, CHAIN_IDS[chain]]);
}
