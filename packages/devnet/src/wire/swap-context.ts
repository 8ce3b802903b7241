import type { Address, AddressBook } from "../chain/address.ts";
import { type Fill, tokenIn, tokenOut, vaultIn, vaultOut } from "../chain/fill.ts";
import type { PoolState } from "../chain/pool.ts";
import type { Random } from "../encoding/random.ts";
import type { TokenTransfer } from "./token-instructions.ts";
import type { InstructionPath, TransactionBuilder } from "./transaction-builder.ts";

/** All that a venue's encoder needs to write one swap. */
export interface SwapContext {
  readonly tx: TransactionBuilder;
  readonly fill: Fill;
  /** Who trades: signs and owns the token accounts. */
  readonly wallet: Address;
  /** The wallet's token accounts for what is paid and what is got. */
  readonly source: Address;
  readonly destination: Address;
  /** Decides between equivalent forms of an instruction. */
  readonly random: Random;
  /** Unix seconds. */
  readonly time: number;
  readonly book: AddressBook;
}

/** Writes one swap as its venue's instruction, and tells where it stands. */
export type SwapEncoder = (context: SwapContext) => InstructionPath;

export function userBase({ fill, source, destination }: SwapContext): Address {
  return fill.baseIn ? source : destination;
}

export function userQuote({ fill, source, destination }: SwapContext): Address {
  return fill.baseIn ? destination : source;
}

/** An account that belongs to the pool, by its role. */
export function poolAccount({ book, fill }: SwapContext, role: string): Address {
  return book.derive(`pool/${fill.pool.number}/${role}`);
}

/** A read-only account that all pools of the venue share, by its role. */
export function venueAccount({ book, fill }: SwapContext, role: string): Address {
  return book.derive(`venue/${fill.pool.venue}/${role}`, "readonly");
}

/** Makes the pool's vaults known to the transaction. */
export function openVaults({ tx, fill }: SwapContext, owner: Address): void {
  const { pool, before } = fill;
  tx.balances.open(pool.vaultBase, pool.base, owner, before.vaultBase);
  tx.balances.open(pool.vaultQuote, pool.quote, owner, before.vaultQuote);
}

/** What the user pays into the pool, less what goes elsewhere. */
export function payIn(context: SwapContext, elsewhere = 0n): TokenTransfer {
  const { fill, source, wallet } = context;
  return {
    token: tokenIn(fill),
    source,
    destination: vaultIn(fill),
    authority: wallet,
    amount: fill.userIn - elsewhere,
  };
}

/** What the pool pays the user. */
export function payOut(context: SwapContext, authority: Address): TokenTransfer {
  const { fill, destination } = context;
  return {
    token: tokenOut(fill),
    source: vaultOut(fill),
    destination,
    authority,
    amount: fill.userOut,
  };
}

/** A limit that the fill keeps: some slippage below what comes out. */
export function leastOut(fill: Fill): bigint {
  return fill.userOut - fill.userOut / 100n;
}

/** A limit that the fill keeps: some slippage above what goes in. */
export function mostIn(fill: Fill): bigint {
  return fill.userIn + fill.userIn / 50n;
}

/** Square root of the price (raw quote per raw base), times 2^64. */
export function sqrtPriceX64({ base, quote }: PoolState): bigint {
  return squareRoot((quote << 128n) / base);
}

/** Square root of base times quote: what concentrated venues call liquidity. */
export function liquidityOf({ base, quote }: PoolState): bigint {
  return squareRoot(base * quote);
}

function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  // A float's root is right to some 53 bits: two or three of Newton's steps settle the rest.
  let root = BigInt(Math.floor(Math.sqrt(Number(value))));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next === root || next === root + 1n) break;
    if (next === root - 1n && next * next <= value) return next;
    root = next;
  }
  while (root * root > value) root--;
  return root;
}
