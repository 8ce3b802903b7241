import { discriminator, readU8, readU64 } from "../little-endian.ts";
import { eventOfPool, type ProgramEvent, selfCpiEvents } from "./event.ts";
import { type Exchange, exchangeOf, fillOf, type Hop, isWhole, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { METEORA_DLMM_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** swap, swap2, swap_exact_out, swap_exact_out2, swap_with_price_impact and its second version: the same accounts. */
const SWAPS = [
  "f8c69e91e17587c8",
  "414b3f4ceb5b5b88",
  "fa49652126cf4bb8",
  "2bd7f784893cf351",
  "38ade6d0ade49ccd",
  "4a62c0d6b1334b33",
];

const SWAP = "516ce3becdd00ac4";
const SWAP_2 = "2e7452d7941b544d";

/** What an event says of a swap. Since December 2025 each swap leaves both events: one is enough. */
interface Told {
  readonly xToY: boolean;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const pool = transaction.address(instruction.account(0));
  if (!SWAPS.includes(discriminator(data))) {
    const swapped = selfCpiEvents(transaction, instruction).some(isSwapEvent);
    return swapped ? ["unknown-instruction"] : NOT_A_SWAP;
  }
  if (instruction.accounts.length < 11 || pool === null) return ["malformed-instruction"];
  const at = {
    pool: instruction.account(0),
    source: instruction.account(4),
    destination: instruction.account(5),
    // Left out, the optional account stands as the program itself, which no transfer names.
    feeAccount: instruction.account(9),
  };
  const [x, y] = [instruction.account(2), instruction.account(3)];
  const transfers = tokenTransfers(transaction.children(instruction));
  const told = toldBy(selfCpiEvents(transaction, instruction), pool);
  const xToY = told?.xToY ?? paysFirst(transfers, at.source, at.destination, x, y);
  if (xToY === null) return ["no-transfer"];
  const hop: Hop = { ...at, vaultIn: xToY ? x : y, vaultOut: xToY ? y : x };
  const moved = exchangeOf(transfers, hop);
  const exchange = told === null || isWhole(moved) ? moved : asTold(told);
  if (exchange === null) return ["no-transfer"];
  const [mintX, mintY] = [instruction.account(6), instruction.account(7)];
  const [mintIn, mintOut] = xToY ? [mintX, mintY] : [mintY, mintX];
  const terms = { maker: instruction.account(10), mintIn, mintOut, quote: xToY ? "out" : "in" } as const;
  return [fillOf(transaction, hop, terms, exchange)];
}

function isSwapEvent({ name }: ProgramEvent): boolean {
  return name === SWAP || name === SWAP_2;
}

function toldBy(events: readonly ProgramEvent[], pool: string): Told | null {
  const second = eventOfPool(events, SWAP_2, 155, pool);
  if (second !== undefined) {
    // What is left of the input was not exchanged.
    const [given, left] = [readU64(second, 97), readU64(second, 105)];
    const amountIn = given >= left ? given - left : given;
    return { xToY: readU8(second, 80) !== 0, amountIn, amountOut: readU64(second, 113) };
  }
  const first = eventOfPool(events, SWAP, 129, pool);
  if (first === undefined) return null;
  return { xToY: readU8(first, 96) !== 0, amountIn: readU64(first, 80), amountOut: readU64(first, 88) };
}

/** The event's amounts, where the transfers are not to be found. */
function asTold({ amountIn, amountOut }: Told): Exchange {
  return {
    paid: amountIn,
    received: amountOut,
    intoPool: amountIn,
    outOfPool: amountOut,
    token2022: false,
  };
}

/** Meteora's bins: the transfers tell the amounts, the event (by self-call) the direction. */
export const meteoraDlmm: VenueDecoder = { venue: "MeteoraDlmm", program: METEORA_DLMM_PROGRAM, decode };
