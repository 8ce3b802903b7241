import { type Swap, slot } from "@candlewick/domain";
import { decodeSolanaTransaction } from "../src/index.ts";
import { address, type Call, type TransactionOptions, transactionOf } from "./transaction-builder.ts";

/** Decodes a built transaction as number 7 of slot 100. */
export function decodeCalls(calls: readonly Call[], options?: TransactionOptions) {
  return decodeSolanaTransaction(transactionOf(calls, options), slot(100), 7);
}

/** The one swap of a built transaction, with nothing skipped. */
export function onlySwap(calls: readonly Call[], options?: TransactionOptions): Swap {
  const { swaps, skipped } = decodeCalls(calls, options);
  const [swap] = swaps;
  if (swap === undefined || swaps.length !== 1 || skipped.size > 0) {
    throw new Error(`${swaps.length} swaps, skipped ${JSON.stringify([...skipped])}`);
  }
  return swap;
}

/** What most tests are about: where, what against what, and how much. */
export function outline(swap: Swap) {
  const { position, pool, assetIn, assetOut, userIn, userOut, poolIn, poolOut, maker } = swap;
  return {
    at: [position.outer, position.inner, position.hop],
    pool,
    mints: [assetIn.mint, assetOut.mint],
    user: [userIn, userOut],
    pooled: [poolIn, poolOut],
    maker,
  };
}

/** The expected outline, with names in place of addresses; the pool's amounts are the user's where not given. */
export function expected(of: {
  at?: [number, number | null, number];
  pool: string;
  mints: [string, string];
  user: [bigint, bigint];
  pooled?: [bigint, bigint];
  maker: string;
}) {
  return {
    at: of.at ?? [0, null, 0],
    pool: address(of.pool),
    mints: of.mints.map(address),
    user: of.user,
    pooled: of.pooled ?? of.user,
    maker: address(of.maker),
  };
}
