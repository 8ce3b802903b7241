import { discriminator, readKey, readU8, readU64 } from "../little-endian.ts";
import { eventOfPool, type ProgramEvent, selfCpiEvents } from "./event.ts";
import { type Exchange, exchangeOf, fillOf, type Hop, isWhole, mintOfVault, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type SkipReason, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { type Pair, type PoolFinding, type PoolReader, pairOf, poolReader } from "./pool-finding.ts";
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

const PAIR = { pool: 0, mints: [2, 3], vaults: [4, 5] } as const;

const creations = poolReader({
  created: {
    "2d9aedd2dd0fa65c": PAIR, // initialize_lb_pair
    "493b2478ed536cc6": PAIR, // initialize_lb_pair2
    "6c66d555fb033515": { pool: 1, mints: [3, 4], vaults: [5, 6] }, // initialize_permission_lb_pair
    "2e2729876fb7c840": PAIR, // initialize_customizable_permissionless_lb_pair
    f349817e3313f16b: PAIR, // initialize_customizable_permissionless_lb_pair2
  },
});

const LIQUIDITY_EVENTS: ReadonlyMap<string, "added" | "removed"> = new Map([
  ["1f5e7d5ae3343dba", "added"],
  ["74f461e8671f983a", "removed"],
]);

/** Liquidity goes by two dozen instructions that leave the same events, and nearly all have the same first accounts. */
function pools(
  transaction: SolanaTransaction,
  instruction: Instruction,
  data: Uint8Array,
): ReturnType<PoolReader> {
  const created = creations(transaction, instruction, data);
  if (created.length > 0) return created;
  const findings: (PoolFinding | SkipReason)[] = [];
  for (const { name, bytes } of selfCpiEvents(transaction, instruction)) {
    const change = LIQUIDITY_EVENTS.get(name);
    if (change === undefined || bytes.length < 120) continue;
    const amounts: Pair<bigint> = [readU64(bytes, 104), readU64(bytes, 112)];
    const vaults: Pair<number> = [instruction.account(5), instruction.account(6)];
    const mints = pairOf(vaults, (vault) => mintOfVault(transaction, vault));
    // One-sided ones name one of the two tokens only: which the other is, is not told.
    if (mints === null) {
      findings.push("unknown-mint");
      continue;
    }
    findings.push({
      kind: "liquidity",
      change,
      pool: readKey(bytes, 8),
      mints,
      vaults,
      amounts,
      reserves: null,
    });
  }
  return findings;
}

/** Meteora's bins: the transfers tell the amounts, the event (by self-call) the direction. */
export const meteoraDlmm: VenueDecoder = {
  venue: "MeteoraDlmm",
  program: METEORA_DLMM_PROGRAM,
  decode,
  pools,
};
