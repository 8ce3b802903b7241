import { comparePositions, rawAmount, type Swap, WSOL_MINT } from "@candlewick/domain";
import { isSelfCpi } from "./event.ts";
import type { Fill, SkipReason, VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { reservesAfter } from "./reserve.ts";
import { isDecimals } from "./token-balance.ts";
import { isAmount, tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";
import { SOLANA_VENUES } from "./venues.ts";

/** Counts, by reason, the instructions of venues that gave no swap. */
export class SkipCounts {
  readonly counts = new Map<string, number>();

  add(reason: SkipReason): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }
}

/** What is found in transactions, one after the other. */
export class Findings {
  /** In position order. */
  readonly swaps: Swap[] = [];
  readonly skipped = new SkipCounts();
}

/** Adds what a transaction holds. */
export function findIn(transaction: SolanaTransaction, findings: Findings): void {
  findings.swaps.push(...swapsOf(transaction, findings.skipped));
}

function swapsOf(transaction: SolanaTransaction, skipped: SkipCounts): Swap[] {
  const swaps: Swap[] = [];
  for (const instruction of transaction.instructions) {
    const decoder = SOLANA_VENUES.get(instruction.program);
    if (decoder === undefined || isSelfCpi(instruction)) continue;
    const { data } = instruction;
    if (data === null) {
      skipped.add("malformed-instruction");
      continue;
    }
    let hop = 0;
    for (const fill of decoder.decode(transaction, instruction, data)) {
      const swap = typeof fill === "string" ? fill : swapOf(transaction, instruction, decoder, fill, hop);
      if (typeof swap === "string") skipped.add(swap);
      else {
        swaps.push(swap);
        hop++;
      }
    }
  }
  return routed(swaps).sort((a, b) => comparePositions(a.position, b.position));
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
  };
}

/** Native SOL has no token entry; of other mints some account or checked transfer tells the decimals. */
function decimalsOf(transaction: SolanaTransaction, mint: string): number | null {
  if (mint === WSOL_MINT) return 9;
  const decimals = transaction.balances.decimals(mint);
  if (decimals !== null) return decimals;
  for (const transfer of tokenTransfers(transaction.instructions)) {
    if (transfer.mint === null || transaction.address(transfer.mint) !== mint) continue;
    if (transfer.decimals !== null && isDecimals(transfer.decimals)) return transfer.decimals;
  }
  return null;
}

function recipientOf(transaction: SolanaTransaction, fill: Fill): string | null {
  if (fill.destination === null) return null;
  const owner = transaction.balances.get(fill.destination)?.owner ?? null;
  return owner === fill.maker ? null : owner;
}

/** Marks the swaps of one outer instruction, where they are several, as one route. */
function routed(swaps: readonly Swap[]): Swap[] {
  const perOuter = new Map<number, number>();
  for (const { position } of swaps) perOuter.set(position.outer, (perOuter.get(position.outer) ?? 0) + 1);
  return swaps.map((swap) => {
    const alone = (perOuter.get(swap.position.outer) ?? 0) < 2;
    return alone ? swap : { ...swap, routeId: `${swap.tx}:${swap.position.outer}` };
  });
}
