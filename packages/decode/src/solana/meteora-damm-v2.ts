import { discriminator, readU8, readU64 } from "../little-endian.ts";
import { eventOfPool, type ProgramEvent, selfCpiEvents } from "./event.ts";
import {
  type Exchange,
  exchangeOf,
  fillOf,
  type Hop,
  type HopTerms,
  isWhole,
  paysFirst,
} from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { METEORA_DAMM_V2_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** swap and swap2: the same accounts. */
const SWAPS = ["f8c69e91e17587c8", "414b3f4ceb5b5b88"];

const EVT_SWAP = "1b3c15d58aaabb93";
const EVT_SWAP_2 = "bd4233a826507599";

/** What an event says of a swap. October 2025 left both events for one swap, later only the second. */
interface Told {
  readonly aToB: boolean;
  readonly exchange: Exchange;
  readonly reserves: { readonly a: bigint; readonly b: bigint } | null;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const events = selfCpiEvents(transaction, instruction);
  if (!SWAPS.includes(discriminator(data))) {
    return events.some(isSwapEvent) ? ["unknown-instruction"] : NOT_A_SWAP;
  }
  const pool = transaction.address(instruction.account(1));
  if (instruction.accounts.length < 9 || pool === null) return ["malformed-instruction"];
  const at = {
    pool: instruction.account(1),
    source: instruction.account(2),
    destination: instruction.account(3),
  };
  const [a, b] = [instruction.account(4), instruction.account(5)];
  const transfers = tokenTransfers(transaction.children(instruction));
  const told = secondGeneration(events, pool) ?? firstGeneration(events, pool);
  const aToB = told?.aToB ?? paysFirst(transfers, at.source, at.destination, a, b);
  if (aToB === null) return ["no-transfer"];
  const hop: Hop = { ...at, vaultIn: aToB ? a : b, vaultOut: aToB ? b : a };
  const moved = exchangeOf(transfers, hop);
  // The second event knows what the mints withheld; the first does not, there the transfers are nearer.
  const exchange = told === null || (told.reserves === null && isWhole(moved)) ? moved : told.exchange;
  if (exchange === null) return ["no-transfer"];
  return [fillOf(transaction, hop, termsOf(instruction, aToB, told), exchange)];
}

function termsOf(instruction: Instruction, aToB: boolean, told: Told | null): HopTerms {
  const [mintA, mintB] = [instruction.account(6), instruction.account(7)];
  const [mintIn, mintOut] = aToB ? [mintA, mintB] : [mintB, mintA];
  const terms = { maker: instruction.account(8), mintIn, mintOut, quote: aToB ? "out" : "in" } as const;
  if (told === null || told.reserves === null) return terms;
  // Without the fees that nobody has claimed yet, which the vaults' balances hold too.
  const { a, b } = told.reserves;
  return { ...terms, reserves: { kind: "told", in: aToB ? a : b, out: aToB ? b : a } };
}

function isSwapEvent({ name }: ProgramEvent): boolean {
  return name === EVT_SWAP || name === EVT_SWAP_2;
}

function secondGeneration(events: readonly ProgramEvent[], pool: string): Told | null {
  const bytes = eventOfPool(events, EVT_SWAP_2, 188, pool);
  if (bytes === undefined) return null;
  const exchange: Exchange = {
    paid: readU64(bytes, 140),
    received: readU64(bytes, 156),
    intoPool: readU64(bytes, 60),
    outOfPool: readU64(bytes, 148),
    token2022: false,
    feeWithheld: readU64(bytes, 140) !== readU64(bytes, 60) || readU64(bytes, 156) !== readU64(bytes, 148),
  };
  const reserves = { a: readU64(bytes, 172), b: readU64(bytes, 180) };
  return { aToB: readU8(bytes, 40) === 0, exchange, reserves };
}

function firstGeneration(events: readonly ProgramEvent[], pool: string): Told | null {
  const bytes = eventOfPool(events, EVT_SWAP, 130, pool);
  if (bytes === undefined) return null;
  const [amountIn, amountOut] = [readU64(bytes, 114), readU64(bytes, 58)];
  const exchange: Exchange = {
    paid: amountIn,
    received: amountOut,
    intoPool: amountIn,
    outOfPool: amountOut,
    token2022: false,
  };
  return { aToB: readU8(bytes, 40) === 0, exchange, reserves: null };
}

const pools = poolReader({
  created: {
    "5fb40aac54aee828": { pool: 6, mints: [8, 9], vaults: [10, 11], creator: 0 }, // initialize_pool
    "14a1f118bdddb402": { pool: 5, mints: [7, 8], vaults: [9, 10], creator: 0 }, // …_customizable_pool
    "955248c5fdfc440f": { pool: 7, mints: [9, 10], vaults: [11, 12], creator: 0 }, // …_with_dynamic_config
  },
  liquidity: {
    b59d59438fb63448: { change: "added", pool: 0, vaults: [4, 5] }, // add_liquidity
    "5055d14818ceb16c": { change: "removed", pool: 1, vaults: [5, 6] }, // remove_liquidity
    "0a333d2370691855": { change: "removed", pool: 1, vaults: [5, 6] }, // remove_all_liquidity
  },
});

/** Meteora's dynamic pools of the second generation: amounts from the events (by self-call), else the transfers. */
export const meteoraDammV2: VenueDecoder = {
  venue: "MeteoraDammV2",
  program: METEORA_DAMM_V2_PROGRAM,
  decode,
  pools,
};
