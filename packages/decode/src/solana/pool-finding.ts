import { discriminator } from "../little-endian.ts";
import { mintOfVault } from "./exchange.ts";
import type { SkipReason } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** A value for each of a pool's two tokens, in the venue's own order: the second is what it calls its quote. */
export type Pair<Value> = readonly [Value, Value];

/** What a maker says of the token that a launch makes. */
export interface TokenClaim {
  readonly name: string;
  readonly symbol: string;
  /** All units that are made, where the launch tells. */
  readonly supply: bigint | null;
}

/** What happened to a pool, as a venue's decoder finds it, before place, decimals and reserves are known. */
export type PoolFinding =
  | {
      readonly kind: "created";
      readonly pool: string;
      readonly mints: Pair<string>;
      /** The accounts that hold this pool's tokens and no other's, by index; null where there are none such. */
      readonly vaults: Pair<number> | null;
      /** Reserves that the venue tells itself. */
      readonly reserves: Pair<bigint> | null;
      readonly creator: string | null;
      readonly token: TokenClaim | null;
    }
  | { readonly kind: "migrated"; readonly pool: string; readonly target: string | null }
  | {
      readonly kind: "liquidity";
      readonly change: "added" | "removed";
      readonly pool: string;
      readonly mints: Pair<string>;
      /** As with a creation. */
      readonly vaults: Pair<number> | null;
      readonly amounts: Pair<bigint>;
      readonly reserves: Pair<bigint> | null;
    };

/** Finds what an instruction that is no swap did to pools; a reason in place of what cannot be told. Never throws. */
export type PoolReader = (
  transaction: SolanaTransaction,
  instruction: Instruction,
  data: Uint8Array,
) => readonly (PoolFinding | SkipReason)[];

/** Where the accounts of an instruction stand that makes a pool. */
export interface CreationLayout {
  readonly pool: number;
  readonly mints: Pair<number>;
  readonly vaults?: Pair<number>;
  readonly creator?: number;
}

/** Where the accounts of an instruction stand that changes a pool's liquidity. */
export interface LiquidityLayout {
  readonly change: "added" | "removed";
  readonly pool: number;
  readonly vaults: Pair<number>;
  /** Whether the vaults hold other pools' tokens too. */
  readonly sharedVaults?: boolean;
}

export interface PoolTable {
  readonly created?: Readonly<Record<string, CreationLayout>>;
  readonly liquidity?: Readonly<Record<string, LiquidityLayout>>;
  /** Where the launch curve stands, and the pool that takes over. */
  readonly migrated?: Readonly<Record<string, { readonly pool: number; readonly target: number }>>;
}

/**
 * Reads pools' instructions by tables: by discriminator, or whatever else `nameOf` makes of the data, to
 * where the accounts stand.
 */
export function poolReader(
  table: PoolTable,
  nameOf: (data: Uint8Array) => string = discriminator,
): PoolReader {
  const { created = {}, liquidity = {}, migrated = {} } = table;
  return (transaction, instruction, data) => {
    const name = nameOf(data);
    const creation = created[name];
    if (creation !== undefined) return [createdBy(transaction, instruction, creation)];
    const change = liquidity[name];
    if (change !== undefined) return [changedBy(transaction, instruction, change)];
    const migration = migrated[name];
    if (migration === undefined) return NOTHING;
    const [pool, target] = [migration.pool, migration.target].map((at) =>
      addressAt(transaction, instruction, at),
    );
    return [pool == null || target == null ? MALFORMED : { kind: "migrated", pool, target }];
  };
}

const NOTHING: readonly PoolFinding[] = [];
const MALFORMED = "malformed-instruction";

function createdBy(
  transaction: SolanaTransaction,
  instruction: Instruction,
  layout: CreationLayout,
): PoolFinding | SkipReason {
  const pool = addressAt(transaction, instruction, layout.pool);
  const mints = pairOf(layout.mints, (at) => addressAt(transaction, instruction, at));
  if (pool === null || mints === null) return MALFORMED;
  const { vaults, creator } = layout;
  return {
    kind: "created",
    pool,
    mints,
    vaults: vaults === undefined ? null : [instruction.account(vaults[0]), instruction.account(vaults[1])],
    reserves: null,
    creator: creator === undefined ? null : addressAt(transaction, instruction, creator),
    token: null,
  };
}

function changedBy(
  transaction: SolanaTransaction,
  instruction: Instruction,
  layout: LiquidityLayout,
): PoolFinding | SkipReason {
  const pool = addressAt(transaction, instruction, layout.pool);
  const vaults: Pair<number> = [instruction.account(layout.vaults[0]), instruction.account(layout.vaults[1])];
  const mints = pairOf(vaults, (vault) => mintOfVault(transaction, vault));
  if (pool === null) return MALFORMED;
  if (mints === null) return "unknown-mint";
  const { change, sharedVaults = false } = layout;
  const amounts = movedAt(transaction, instruction, vaults, change);
  return {
    kind: "liquidity",
    change,
    pool,
    mints,
    vaults: sharedVaults ? null : vaults,
    amounts,
    reserves: null,
  };
}

/** What an instruction and all that it called moved into two vaults, or out of them. */
export function movedAt(
  transaction: SolanaTransaction,
  instruction: Instruction,
  vaults: Pair<number>,
  change: "added" | "removed",
): Pair<bigint> {
  const amounts: [bigint, bigint] = [0n, 0n];
  for (const { source, destination, amount, fee } of tokenTransfers(transaction.descendants(instruction))) {
    const side = change === "added" ? vaults.indexOf(destination) : vaults.indexOf(source);
    if (side === 0) amounts[0] += change === "added" ? amount - fee : amount;
    if (side === 1) amounts[1] += change === "added" ? amount - fee : amount;
  }
  return amounts;
}

/** The address at a position of an instruction's accounts; null where there is none. */
export function addressAt(
  transaction: SolanaTransaction,
  instruction: Instruction,
  position: number,
): string | null {
  return transaction.address(instruction.account(position));
}

/** Both values of a pair, or null where one is not to be had. */
export function pairOf<From, To>(pair: Pair<From>, value: (from: From) => To | null): Pair<To> | null {
  const [first, second] = [value(pair[0]), value(pair[1])];
  return first === null || second === null ? null : [first, second];
}

/** The same findings with what a launch says of its token, where there is one. */
export function withClaim(
  findings: readonly (PoolFinding | SkipReason)[],
  token: TokenClaim | null,
): (PoolFinding | SkipReason)[] {
  return findings.map((finding) => {
    return typeof finding !== "string" && finding.kind === "created" ? { ...finding, token } : finding;
  });
}
