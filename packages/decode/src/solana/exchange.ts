import type { Fill, ReserveSource, SkipReason } from "./fill.ts";
import { type TokenTransfer, tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** One hop through a pool as token accounts, all by index into the account table. */
export interface Hop {
  readonly pool: number;
  readonly source: number;
  readonly vaultIn: number;
  readonly vaultOut: number;
  readonly destination: number;
  /** An account that takes a part of what the user pays, beside the pool. */
  readonly feeAccount?: number;
}

/** What moved in a hop. */
export interface Exchange {
  /** What left the user's account. */
  readonly paid: bigint;
  /** What arrived at the user's account, where withheld fees are known. */
  readonly received: bigint;
  /** What the user paid, without what the mint withheld from it. */
  readonly intoPool: bigint;
  readonly outOfPool: bigint;
  /** Whether Token-2022 moved something: then a fee may have been withheld that the transfer does not tell. */
  readonly token2022: boolean;
  /** Whether a mint withheld a fee, where something else than the transfers knows it. */
  readonly feeWithheld?: boolean;
}

/** Sums the transfers of one hop; null where none of them belongs to it. */
export function exchangeOf(transfers: readonly TokenTransfer[], hop: Hop): Exchange | null {
  let [paid, received, intoPool, outOfPool] = [0n, 0n, 0n, 0n];
  let found = false;
  let token2022 = false;
  for (const { source, destination, amount, fee, ...transfer } of transfers) {
    const toVault = source === hop.source && destination === hop.vaultIn;
    const toFees = source === hop.source && destination === hop.feeAccount;
    const toUser = source === hop.vaultOut && destination === hop.destination;
    if (toVault || toFees) {
      paid += amount;
      intoPool += amount - fee;
    }
    if (toUser) {
      outOfPool += amount;
      received += amount - fee;
    }
    if (toVault || toFees || toUser) {
      found = true;
      token2022 ||= transfer.token2022;
    }
  }
  return found ? { paid, received, intoPool, outOfPool, token2022 } : null;
}

/** Whether both sides of an exchange were found; where one was not, an event may know it. */
export function isWhole(exchange: Exchange | null): exchange is Exchange {
  return exchange !== null && exchange.paid > 0n && exchange.received > 0n;
}

/**
 * Whether the user pays into the first of a pool's vaults rather than the second, for instructions that do
 * not tell the direction. A vault may also exchange tokens with others (an old Raydium pool settles with its
 * market first), so that only transfers of the user's accounts tell; null where there are none.
 */
export function paysFirst(
  transfers: readonly TokenTransfer[],
  source: number,
  destination: number,
  first: number,
  second: number,
): boolean | null {
  for (const transfer of transfers) {
    if (transfer.source === source && transfer.destination === first) return true;
    if (transfer.source === source && transfer.destination === second) return false;
    if (transfer.destination === destination && transfer.source === second) return true;
    if (transfer.destination === destination && transfer.source === first) return false;
  }
  return null;
}

/** What a decoder knows of a hop beside its token accounts. */
export interface HopTerms {
  readonly maker: number;
  /** Index of the mint, where the instruction names it. */
  readonly mintIn?: number;
  readonly mintOut?: number;
  /** Which side the pool calls its quote; pools that sort their mints by address call the greater one so. */
  readonly quote: "in" | "out" | "greater";
  /** Absent: the vaults hold this pool's tokens only, so that their balances are its reserves. */
  readonly reserves?: ReserveSource;
  /** The destination is another pool's vault, not an account of the user. */
  readonly passedOn?: boolean;
}

/** The fill of a hop whose amounts are known. */
export function fillOf(
  transaction: SolanaTransaction,
  hop: Hop,
  terms: HopTerms,
  amounts: Exchange,
): Fill | SkipReason {
  const pool = transaction.address(hop.pool);
  const maker = transaction.address(terms.maker);
  if (pool === null || maker === null) return "malformed-instruction";
  const mintIn = mintOf(transaction, terms.mintIn, hop.vaultIn);
  const mintOut = mintOf(transaction, terms.mintOut, hop.vaultOut);
  if (mintIn === null || mintOut === null) return "unknown-mint";
  const vaults: ReserveSource = { kind: "vaults", in: hop.vaultIn, out: hop.vaultOut };
  return {
    pool,
    mintIn,
    mintOut,
    userIn: amounts.paid,
    userOut: amounts.received,
    poolIn: amounts.intoPool,
    poolOut: amounts.outOfPool,
    reserves: terms.reserves ?? vaults,
    quoteMint: quoteOf(terms.quote, mintIn, mintOut),
    maker,
    destination: terms.passedOn === true ? null : hop.destination,
    feeWithheld: amounts.feeWithheld ?? (amounts.token2022 && isFeeSeen(amounts)),
  };
}

/** What a transfer or an event told of fees is the difference between both ends of it. */
function isFeeSeen({ paid, intoPool, received, outOfPool }: Exchange): boolean {
  return intoPool < paid || received < outOfPool;
}

/** The mint of a side: named by the instruction, else that of the pool's vault. */
function mintOf(transaction: SolanaTransaction, named: number | undefined, vault: number): string | null {
  return named === undefined ? mintOfVault(transaction, vault) : transaction.address(named);
}

/** The mint of a token account; null where no balance and no checked transfer tells it. */
export function mintOfVault(transaction: SolanaTransaction, vault: number): string | null {
  const balance = transaction.balances.get(vault);
  if (balance !== null) return balance.mint;
  for (const { source, destination, mint } of tokenTransfers(transaction.instructions)) {
    if (mint !== null && (source === vault || destination === vault)) return transaction.address(mint);
  }
  return null;
}

function quoteOf(quote: HopTerms["quote"], mintIn: string, mintOut: string): string {
  if (quote === "in") return mintIn;
  if (quote === "out") return mintOut;
  return sortKey(mintIn) > sortKey(mintOut) ? mintIn : mintOut;
}

/**
 * Base58 digits sort as ASCII does, so that addresses of equal length compare like their bytes; leading ones
 * are zero bytes, and 44 digits hold any 32 bytes.
 */
function sortKey(address: string): string {
  return address.replace(/^1+/, "").padStart(44, "1");
}
