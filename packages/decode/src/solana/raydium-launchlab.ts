import { discriminator, readU64 } from "../little-endian.ts";
import { eventOfPool, logEvents, selfCpiEvents } from "./event.ts";
import { exchangeOf, fillOf, type Hop, type HopTerms, isWhole } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { type PoolReader, poolReader, withClaim } from "./pool-finding.ts";
import { RAYDIUM_LAUNCHLAB_PROGRAM } from "./programs.ts";
import { readClaim } from "./token-claim.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Trades by whether they take the coin off its curve: all have the same accounts. */
const TRADES: ReadonlyMap<string, "buy" | "sell"> = new Map([
  ["faea0d7bd59c13ec", "buy"], // buy_exact_in
  ["18d3742869039938", "buy"], // buy_exact_out
  ["9527de9bd37c981a", "sell"], // sell_exact_in
  ["5fc8472208090ba6", "sell"], // sell_exact_out
]);

const TRADE_EVENT = "bddb7fd34ee661ee";
/** Up to both amounts; behind them fees were put in between over time, so that nothing there is read. */
const EVENT_SIZE = 112;

/** What the event says of a trade; `amountIn` and `amountOut` are the user's. */
interface Told {
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  /** What the curve's quote changed by: the quote amount without any fee. */
  readonly quoteMoved: bigint;
  /** The amounts that make the price, after the trade. */
  readonly baseReserve: bigint;
  readonly quoteReserve: bigint;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const side = TRADES.get(discriminator(data));
  if (side === undefined) {
    const traded = selfCpiEvents(transaction, instruction).some(({ name }) => name === TRADE_EVENT);
    return traded ? ["unknown-instruction"] : NOT_A_SWAP;
  }
  const pool = transaction.address(instruction.account(4));
  if (instruction.accounts.length < 11 || pool === null) return ["malformed-instruction"];
  const buy = side === "buy";
  const [user, vault, mint] = [5, 7, 9];
  const paid = buy ? 1 : 0;
  const hop: Hop = {
    pool: instruction.account(4),
    source: instruction.account(user + paid),
    vaultIn: instruction.account(vault + paid),
    vaultOut: instruction.account(vault + 1 - paid),
    destination: instruction.account(user + 1 - paid),
  };
  const terms: HopTerms = {
    maker: instruction.account(0),
    mintIn: instruction.account(mint + paid),
    mintOut: instruction.account(mint + 1 - paid),
    quote: buy ? "in" : "out",
  };
  const told = toldBy(transaction, instruction, pool);
  const moved = exchangeOf(tokenTransfers(transaction.children(instruction)), hop);
  if (told === null) return moved === null ? ["no-transfer"] : [fillOf(transaction, hop, terms, moved)];
  const { amountIn, amountOut, quoteMoved, baseReserve: base, quoteReserve: quote } = told;
  const exchange = isWhole(moved)
    ? moved
    : { paid: amountIn, received: amountOut, intoPool: amountIn, outOfPool: amountOut, token2022: false };
  // The curve's own fees are no mint's: what the exchange told before they were taken off decides.
  const feeWithheld = exchange.intoPool < exchange.paid || exchange.received < exchange.outOfPool;
  const pooled = buy ? { intoPool: quoteMoved } : { outOfPool: quoteMoved };
  const reserves = { kind: "told", in: buy ? quote : base, out: buy ? base : quote } as const;
  return [fillOf(transaction, hop, { ...terms, reserves }, { ...exchange, ...pooled, feeWithheld })];
}

/** The event by self-call; the log holds the same bytes, for where the call is not recorded. */
function toldBy(transaction: SolanaTransaction, instruction: Instruction, pool: string): Told | null {
  const bytes =
    eventOfPool(selfCpiEvents(transaction, instruction), TRADE_EVENT, EVENT_SIZE, pool) ??
    eventOfPool(logEvents(transaction, instruction), TRADE_EVENT, EVENT_SIZE, pool);
  if (bytes === undefined) return null;
  const at = (offset: number) => readU64(bytes, offset);
  const [quoteBefore, baseSold, quoteAfter] = [at(72), at(80), at(88)];
  return {
    amountIn: at(96),
    amountOut: at(104),
    quoteMoved: quoteAfter > quoteBefore ? quoteAfter - quoteBefore : quoteBefore - quoteAfter,
    // The curve counts what it has sold, not what it still holds.
    baseReserve: at(48) - baseSold,
    quoteReserve: at(56) + quoteAfter,
  };
}

const CREATION = { pool: 5, mints: [6, 7], creator: 1 } as const;

const table = poolReader({
  created: {
    afaf6d1f0d989bed: CREATION, // initialize
    "4399af27da102620": CREATION, // initialize_v2
    "25be7ede2c9aab11": CREATION, // initialize_with_token_2022
  },
  migrated: {
    cf52c091fecf91df: { pool: 23, target: 13 }, // migrate_to_amm
    "885cc8671cda908c": { pool: 17, target: 5 }, // migrate_to_cpswap
  },
});

/** A launch says of its token: decimals, name, symbol, address of a picture; of its curve: kind, supply. */
const pools: PoolReader = (transaction, instruction, data) =>
  withClaim(table(transaction, instruction, data), readClaim(data, 9, 1));

/** Raydium's launch curves: the event (by self-call) tells the pool's amounts, the transfers the user's. */
export const raydiumLaunchLab: VenueDecoder = {
  venue: "RaydiumLaunchLab",
  program: RAYDIUM_LAUNCHLAB_PROGRAM,
  decode,
  pools,
};
