import { comparePositions, type PoolEvent, rawAmount, type Swap, type SwapFlag } from "@candlewick/domain";
import { decimalsOf } from "./decimals.ts";
import { isEvent, isSelfCpi } from "./event.ts";
import type { Fill, SkipReason, VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolEventOf } from "./pool-event.ts";
import { reservesAfter } from "./reserve.ts";
import { isAmount } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";
import { SOLANA_VENUES } from "./venues.ts";

/** Counts, by reason, the instructions of venues that gave no swap. */
export class SkipCounts {
  readonly counts = new Map<string, number>();

  add(reason: SkipReason, times = 1): void {
    if (times > 0) this.counts.set(reason, (this.counts.get(reason) ?? 0) + times);
  }
}

/** What is found in transactions, one after the other. */
export class Findings {
  /** In position order. */
  readonly swaps: Swap[] = [];
  /** Who signed and paid for each of the swaps. */
  readonly signers: string[] = [];
  /** What happened to pools beside the swaps, in position order. */
  readonly poolEvents: PoolEvent[] = [];
  readonly skipped = new SkipCounts();
  readonly skippedEvents = new SkipCounts();
  /** Transactions that touch a venue and whose log the node cut. */
  truncatedLogs = 0;
}

/** Adds what a transaction holds. */
export function findIn(transaction: SolanaTransaction, findings: Findings): void {
  if (transaction.log.truncated) findings.truncatedLogs++;
  const swaps: Swap[] = [];
  for (const instruction of transaction.instructions) {
    const decoder = SOLANA_VENUES.get(instruction.program);
    if (decoder === undefined) continue;
    const { data } = instruction;
    if (isSelfCpi(instruction) && data !== null && isEvent(data)) continue;
    if (data === null) {
      findings.skipped.add("malformed-instruction");
      continue;
    }
    const fills = decoder.decode(transaction, instruction, data);
    if (fills.length === 0) addPoolEvents(transaction, instruction, data, decoder, findings);
    let hop = 0;
    for (const fill of fills) {
      const swap = typeof fill === "string" ? fill : swapOf(transaction, instruction, decoder, fill, hop);
      if (typeof swap === "string") findings.skipped.add(reasonOf(swap, transaction));
      else {
        swaps.push(swap);
        hop++;
      }
    }
  }
  const signer = transaction.keys[0] ?? "";
  for (const swap of flagged(routed(swaps))) {
    findings.swaps.push(swap);
    findings.signers.push(signer);
  }
}

/** An event that is missing from a log that was cut is not missing for another reason. */
function reasonOf(reason: SkipReason, transaction: SolanaTransaction): SkipReason {
  return reason === "no-event" && transaction.log.truncated ? "log-truncated" : reason;
}

function addPoolEvents(
  transaction: SolanaTransaction,
  instruction: Instruction,
  data: Uint8Array,
  decoder: VenueDecoder,
  findings: Findings,
): void {
  for (const finding of decoder.pools(transaction, instruction, data)) {
    const event =
      typeof finding === "string" ? finding : poolEventOf(transaction, instruction, decoder, finding);
    if (typeof event === "string") findings.skippedEvents.add(event);
    else findings.poolEvents.push(event);
  }
}

function swapOf(
  transaction: SolanaTransaction,
  instruction: Instruction,
  decoder: VenueDecoder,
  fill: Fill,
  hop: number,
): Swap | SkipReason {
  const { userIn, userOut, poolIn, poolOut } = fill;
  if (![userIn, userOut, poolIn, poolOut].every(isAmount)) return "amount-out-of-range";
  if (userIn === 0n && userOut === 0n && poolIn === 0n && poolOut === 0n) return "nothing-moved";
  const decimalsIn = decimalsOf(transaction, fill.mintIn);
  const decimalsOut = decimalsOf(transaction, fill.mintOut);
  if (decimalsIn === null || decimalsOut === null) return "unknown-decimals";
  const reserves = reservesAfter(transaction, fill, transaction.endOf(instruction));
  return {
    position: {
      slot: transaction.slot,
      txIndex: transaction.txIndex,
      outer: instruction.outer,
      inner: instruction.inner,
      hop,
    },
    tx: transaction.signature,
    venue: decoder.venue,
    program: decoder.program,
    pool: fill.pool,
    assetIn: { mint: fill.mintIn, decimals: decimalsIn },
    assetOut: { mint: fill.mintOut, decimals: decimalsOut },
    userIn: rawAmount(userIn),
    userOut: rawAmount(userOut),
    poolIn: rawAmount(poolIn),
    poolOut: rawAmount(poolOut),
    reserveIn: reserves.in === null ? null : rawAmount(reserves.in),
    reserveOut: reserves.out === null ? null : rawAmount(reserves.out),
    quoteMint: fill.quoteMint,
    maker: fill.maker,
    recipient: recipientOf(transaction, fill),
    routeId: null,
    flags: flagsOf(transaction, fill),
  };
}

const NO_FLAGS: readonly SwapFlag[] = [];

function flagsOf(transaction: SolanaTransaction, fill: Fill): readonly SwapFlag[] {
  const { userIn, userOut, poolIn, poolOut, feeWithheld = false } = fill;
  const isZero = userIn === 0n || userOut === 0n || poolIn === 0n || poolOut === 0n;
  if (!isZero && !feeWithheld && !transaction.log.truncated) return NO_FLAGS;
  const flags: SwapFlag[] = [];
  if (isZero) flags.push("zero-amount");
  if (feeWithheld) flags.push("transfer-fee");
  if (transaction.log.truncated) flags.push("log-truncated");
  return flags;
}

/** Flags what an account does and undoes at one pool in one transaction, or swaps for itself. */
function flagged(swaps: readonly Swap[]): readonly Swap[] {
  return swaps.map((swap) => {
    const { pool, maker, assetIn, assetOut, flags = NO_FLAGS } = swap;
    const undone = swaps.some(
      (other) => other.pool === pool && other.maker === maker && other.assetIn.mint === assetOut.mint,
    );
    return undone || assetIn.mint === assetOut.mint ? { ...swap, flags: [...flags, "self-trade"] } : swap;
  });
}

function recipientOf(transaction: SolanaTransaction, fill: Fill): string | null {
  if (fill.destination === null) return null;
  const owner = transaction.balances.get(fill.destination)?.owner ?? null;
  return owner === fill.maker ? null : owner;
}

/** In position order; those of one outer instruction, where they are several, marked as one route. */
function routed(swaps: readonly Swap[]): Swap[] {
  const perOuter = new Map<number, number>();
  for (const { position } of swaps) perOuter.set(position.outer, (perOuter.get(position.outer) ?? 0) + 1);
  const marked = swaps.map((swap) => {
    const alone = (perOuter.get(swap.position.outer) ?? 0) < 2;
    return alone ? swap : { ...swap, routeId: `${swap.tx}:${swap.position.outer}` };
  });
  return marked.sort((a, b) => comparePositions(a.position, b.position));
}
