import { discriminator, isZeroKey, readKey, readU64 } from "../little-endian.ts";
import { logEvents, type ProgramEvent, selfCpiEvents } from "./event.ts";
import { exchangeOf, fillOf } from "./exchange.ts";
import {
  type Fill,
  NOT_A_SWAP,
  type Outcome,
  type ReserveSource,
  type SkipReason,
  type VenueDecoder,
} from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { PUMPFUN_PROGRAM, PUMPSWAP_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Trades against one pool, by whether they take the pool's base side. */
const TRADES: ReadonlyMap<string, "buy" | "sell"> = new Map([
  ["66063d1201daebea", "buy"], // buy
  ["33e685a4017f83ad", "sell"], // sell
  ["c62e1552b4d9e870", "buy"], // buy_exact_quote_in
  ["b817ee6167c5d33d", "buy"], // buy_v2
  ["5df6823ce7e940b2", "sell"], // sell_v2
  ["c2ab1c46684d5b2f", "buy"], // buy_exact_quote_in_v2
]);
const MULTI_HOP_SWAP = "2b644913e9f66f94";

const BUY_EVENT = "67f4521f2cf57777";
const SELL_EVENT = "3e2f370aa503dc2a";
/** Bytes of both events' first generation. */
const EVENT_SIZE = 312;

/** The accounts of one pool in an instruction. */
interface PoolAccounts {
  readonly baseMint: number;
  readonly quoteMint: number;
  readonly pool: number;
  readonly baseVault: number;
  readonly quoteVault: number;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const name = discriminator(data);
  const side = TRADES.get(name);
  const isRoute = name === MULTI_HOP_SWAP;
  let events = selfCpiEvents(transaction, instruction).filter(isTrade);
  if (side === undefined && !isRoute && events.length === 0) return NOT_A_SWAP;
  // The same bytes are written to the log too: they only count where the self-call is not recorded.
  if (events.length === 0) events = logEvents(transaction, instruction).filter(isTrade);
  if (events.length > 0) {
    const pools = isRoute ? routePools(instruction) : [singlePool(instruction)];
    const unexplained = side === undefined && !isRoute ? "unknown-instruction" : "malformed-event";
    return events.map((event) => fillOfEvent(transaction, event, pools, unexplained));
  }
  if (side !== undefined) return [fillOfTransfers(transaction, instruction, side)];
  // A route through bonding curves alone leaves its events to the bonding curves' program.
  const onCurves = transaction.descendants(instruction).some(({ program }) => program === PUMPFUN_PROGRAM);
  return onCurves ? NOT_A_SWAP : ["no-event"];
}

function isTrade({ name }: ProgramEvent): boolean {
  return name === BUY_EVENT || name === SELL_EVENT;
}

function singlePool(instruction: Instruction): PoolAccounts {
  return {
    baseMint: instruction.account(3),
    quoteMint: instruction.account(4),
    pool: instruction.account(0),
    baseVault: instruction.account(7),
    quoteVault: instruction.account(8),
  };
}

/** A route has 16 accounts of its own, then five for each of its pools and bonding curves. */
const ROUTE_ACCOUNTS = 16;
const HOP_ACCOUNTS = 5;

function routePools(instruction: Instruction): PoolAccounts[] {
  const pools: PoolAccounts[] = [];
  const count = instruction.accounts.length;
  for (let first = ROUTE_ACCOUNTS; first + HOP_ACCOUNTS <= count; first += HOP_ACCOUNTS) {
    pools.push({
      baseMint: instruction.account(first),
      quoteMint: instruction.account(first + 1),
      pool: instruction.account(first + 2),
      baseVault: instruction.account(first + 3),
      quoteVault: instruction.account(first + 4),
    });
  }
  return pools;
}

/** "Buy" takes the pool's base side, which need not be the meme: permissionless pools may have SOL as base. */
function fillOfEvent(
  transaction: SolanaTransaction,
  { name, bytes }: ProgramEvent,
  pools: readonly PoolAccounts[],
  unexplained: SkipReason,
): Fill | SkipReason {
  if (bytes.length < EVENT_SIZE) return "malformed-event";
  const pool = readKey(bytes, 120);
  const at = pools.find((candidate) => transaction.address(candidate.pool) === pool);
  if (at === undefined) return unexplained;
  const [baseMint, quoteMint] = [transaction.address(at.baseMint), transaction.address(at.quoteMint)];
  if (baseMint === null || quoteMint === null) return "malformed-instruction";
  const base = readU64(bytes, 16);
  const poolQuote = readU64(bytes, 64);
  const userQuote = readU64(bytes, 112);
  const buy = name === BUY_EVENT;
  return {
    pool,
    quoteMint,
    maker: readKey(bytes, 152),
    destination: null,
    ...(buy
      ? { mintIn: quoteMint, mintOut: baseMint, userIn: userQuote, userOut: base }
      : { mintIn: baseMint, mintOut: quoteMint, userIn: base, userOut: userQuote }),
    ...(buy ? { poolIn: poolQuote, poolOut: base } : { poolIn: base, poolOut: poolQuote }),
    reserves: reservesOf(at, bytes, buy),
  };
}

/** The vaults' balances; where they cannot be told, the event's reserves before the trade and what it changed. */
function reservesOf(at: PoolAccounts, bytes: Uint8Array, buy: boolean): ReserveSource {
  const vaults = buy ? { in: at.quoteVault, out: at.baseVault } : { in: at.baseVault, out: at.quoteVault };
  // Trades without fee recipient leave all fees in the vault, where the event does not count them.
  if (isZeroKey(bytes, 248)) return { kind: "vaults", ...vaults };
  const [baseBefore, quoteBefore] = [readU64(bytes, 48), readU64(bytes, 56)];
  const [base, quote, lpFee] = [readU64(bytes, 16), readU64(bytes, 64), readU64(bytes, 80)];
  const told = buy
    ? { in: quoteBefore + quote + lpFee, out: baseBefore - base }
    : { in: baseBefore + base, out: quoteBefore - quote + lpFee };
  return told.out < 0n ? { kind: "vaults", ...vaults } : { kind: "vaults", ...vaults, told };
}

/** Without any event: what left the user's account (to the pool and to the fees' accounts) and what arrived there. */
function fillOfTransfers(
  transaction: SolanaTransaction,
  instruction: Instruction,
  side: "buy" | "sell",
): Fill | SkipReason {
  if (instruction.accounts.length < 9) return "malformed-instruction";
  const at = singlePool(instruction);
  const [userBase, userQuote] = [instruction.account(5), instruction.account(6)];
  const buy = side === "buy";
  const hop = {
    pool: at.pool,
    source: buy ? userQuote : userBase,
    vaultIn: buy ? at.quoteVault : at.baseVault,
    vaultOut: buy ? at.baseVault : at.quoteVault,
    destination: buy ? userBase : userQuote,
  };
  const transfers = tokenTransfers(transaction.children(instruction));
  const exchange = exchangeOf(transfers, hop);
  if (exchange === null) return "no-transfer";
  const paid = transfers.reduce((sum, { source, amount }) => sum + (source === hop.source ? amount : 0n), 0n);
  const [mintIn, mintOut] = buy ? [at.quoteMint, at.baseMint] : [at.baseMint, at.quoteMint];
  const terms = { maker: instruction.account(1), mintIn, mintOut, quote: buy ? "in" : "out" } as const;
  return fillOf(transaction, hop, terms, { ...exchange, paid });
}

const pools = poolReader({
  created: {
    e992d18ecf6840bc: { pool: 0, mints: [3, 4], vaults: [9, 10], creator: 2 }, // create_pool
  },
  liquidity: {
    f223c68952e1f2b6: { change: "added", pool: 0, vaults: [9, 10] }, // deposit
    b712469c946da122: { change: "removed", pool: 0, vaults: [9, 10] }, // withdraw
  },
});

/** PumpSwap: every trade is an event by self-call, which tells both the user's amounts and the pool's. */
export const pumpswap: VenueDecoder = { venue: "PumpSwap", program: PUMPSWAP_PROGRAM, decode, pools };
