import type { Address } from "./address.ts";
import { CURVE } from "./coin.ts";
import type { Pool, PoolState } from "./pool.ts";
import type { Token } from "./token.ts";

/** Where the fees of a fill went, raw units. */
export interface Fees {
  readonly lp: bigint;
  readonly protocol: bigint;
  readonly creator: bigint;
  readonly cashback: bigint;
}

/** One swap against one pool, with the pool's state on both sides of it. */
export interface Fill {
  readonly pool: Pool;
  readonly before: PoolState;
  readonly after: PoolState;
  /** Whether the user pays with the pool's base side. */
  readonly baseIn: boolean;
  /** What the user paid and got. */
  readonly userIn: bigint;
  readonly userOut: bigint;
  /** What the pool exchanged without fees, where the venue tells; else as the user's. */
  readonly poolIn: bigint;
  readonly poolOut: bigint;
  readonly fees: Fees;
}

export function tokenIn(fill: Fill): Token {
  return fill.baseIn ? fill.pool.base : fill.pool.quote;
}

export function tokenOut(fill: Fill): Token {
  return fill.baseIn ? fill.pool.quote : fill.pool.base;
}

export function vaultIn(fill: Fill): Address {
  return fill.baseIn ? fill.pool.vaultBase : fill.pool.vaultQuote;
}

export function vaultOut(fill: Fill): Address {
  return fill.baseIn ? fill.pool.vaultQuote : fill.pool.vaultBase;
}

/** Amounts are u64 on the wire, and limits of slippage are written up to twice as large. */
const MAX_RESERVE = 2n ** 63n;

/**
 * What the pool makes of that input. The user may pay a few units less than `budget` where fees are
 * rounded. Null where the trade is too small or too large for the pool.
 */
export function fillOf(pool: Pool, before: PoolState, baseIn: boolean, budget: bigint): Fill | null {
  const fill = route(pool, before, baseIn, budget);
  if (fill === null || fill.poolIn <= 0n || fill.poolOut <= 0n || fill.userOut <= 0n) return null;
  const { after } = fill;
  const empty = after.vaultBase < 0n || after.vaultQuote < 0n || after.base <= 0n || after.quote <= 0n;
  const full = after.vaultBase > MAX_RESERVE || after.vaultQuote > MAX_RESERVE;
  return empty || full ? null : fill;
}

function route(pool: Pool, before: PoolState, baseIn: boolean, budget: bigint): Fill | null {
  switch (pool.venue) {
    case "PumpFun":
      return baseIn ? sellOnCurve(pool, before, budget) : buyOnCurve(pool, before, budget);
    case "PumpSwap":
      return baseIn ? sellToPumpSwap(pool, before, budget) : buyFromPumpSwap(pool, before, budget);
    case "RaydiumV4":
    case "RaydiumCpmm":
      return constantProduct(pool, before, baseIn, budget, "fee-stays", 0n);
    case "MeteoraDammV1":
      // A fifth of the trade fee is the protocol's, and goes to an account of its own.
      return constantProduct(pool, before, baseIn, budget, "fee-stays", 5n);
    case "RaydiumClmm":
    case "OrcaWhirlpool":
    case "MeteoraDlmm":
    case "MeteoraDammV2":
    case "MeteoraDbc":
      return constantProduct(pool, before, baseIn, budget, "fee-aside", 0n);
    case "RaydiumLaunchLab":
      return quoteFee(pool, before, baseIn, budget, "fee-in-vault");
    case "Moonshot":
      return quoteFee(pool, before, baseIn, budget, "fee-elsewhere");
  }
}

function constantProduct(
  pool: Pool,
  before: PoolState,
  baseIn: boolean,
  amountIn: bigint,
  feeRule: "fee-stays" | "fee-aside",
  protocolPart: bigint,
): Fill {
  const fee = share(amountIn, BigInt(pool.feeBps));
  const protocol = protocolPart === 0n ? 0n : fee / protocolPart;
  const net = amountIn - fee;
  const reserveIn = baseIn ? before.base : before.quote;
  const reserveOut = baseIn ? before.quote : before.base;
  const amountOut = (reserveOut * net) / (reserveIn + net);
  const kept = feeRule === "fee-stays" ? amountIn - protocol : net;
  const after = moved(before, baseIn, kept, amountOut, amountIn - protocol, amountOut);
  const fees = { lp: fee - protocol, protocol, creator: 0n, cashback: 0n };
  return {
    pool,
    before,
    after,
    baseIn,
    userIn: amountIn,
    userOut: amountOut,
    poolIn: amountIn,
    poolOut: amountOut,
    fees,
  };
}

/** Curves that charge their fee in the quote, whichever way the trade goes: on top of a buy, off a sale. */
function quoteFee(
  pool: Pool,
  before: PoolState,
  baseIn: boolean,
  budget: bigint,
  feeRule: "fee-in-vault" | "fee-elsewhere",
): Fill {
  const bps = BigInt(pool.feeBps);
  const quote = baseIn
    ? (before.quote * budget) / (before.base + budget)
    : withoutFees(budget, bps, (amount) => share(amount, bps));
  const fee = share(quote, bps);
  const base = baseIn ? budget : (before.base * quote) / (before.quote + quote);
  const user = baseIn ? quote - fee : quote + fee;
  const ofVault = feeRule === "fee-in-vault" ? user : quote;
  const amounts = baseIn
    ? { userIn: base, userOut: user, poolIn: base, poolOut: quote }
    : { userIn: user, userOut: base, poolIn: quote, poolOut: base };
  const after = baseIn
    ? moved(before, true, base, quote, base, ofVault)
    : moved(before, false, quote, base, ofVault, base);
  return {
    pool,
    before,
    after,
    baseIn,
    ...amounts,
    fees: { lp: 0n, protocol: fee, creator: 0n, cashback: 0n },
  };
}

const PUMP_FEE_BPS = 95n;
const PUMP_CREATOR_BPS = 30n;

/** Coins with cashback pay it to the buyer's account instead of a fee to the creator. */
export function hasCashback(pool: Pool): boolean {
  return pool.venue === "PumpFun" && pool.variant % 5 === 0;
}

function pumpFees(pool: Pool, quoteAmount: bigint, buys: boolean): Fees {
  const extra = share(quoteAmount, PUMP_CREATOR_BPS);
  const cashback = hasCashback(pool);
  return {
    lp: 0n,
    protocol: share(quoteAmount, PUMP_FEE_BPS),
    creator: cashback ? 0n : extra,
    cashback: cashback && buys ? extra : 0n,
  };
}

function buyOnCurve(pool: Pool, before: PoolState, budget: bigint): Fill | null {
  const quoteIn = withoutFees(budget, PUMP_FEE_BPS + PUMP_CREATOR_BPS, (amount) =>
    total(pumpFees(pool, amount, true)),
  );
  return curveBuy(pool, before, quoteIn, (before.base * quoteIn) / (before.quote + quoteIn));
}

/** The buy that takes all that is left on the curve. */
export function fillWholeCurve(pool: Pool, before: PoolState): Fill | null {
  const left = before.vaultBase - CURVE.poolToken;
  return curveBuy(pool, before, (before.quote * left) / (before.base - left) + 1n, left);
}

function curveBuy(pool: Pool, before: PoolState, quoteIn: bigint, baseOut: bigint): Fill | null {
  if (before.vaultBase - baseOut < CURVE.poolToken) return null;
  const fees = pumpFees(pool, quoteIn, true);
  const after = moved(before, false, quoteIn, baseOut, quoteIn, baseOut);
  const userIn = quoteIn + total(fees);
  return {
    pool,
    before,
    after,
    baseIn: false,
    userIn,
    userOut: baseOut,
    poolIn: quoteIn,
    poolOut: baseOut,
    fees,
  };
}

function sellOnCurve(pool: Pool, before: PoolState, baseIn: bigint): Fill | null {
  const sold = CURVE.realToken - (before.vaultBase - CURVE.poolToken);
  if (baseIn > sold) return null;
  const quoteOut = (before.quote * baseIn) / (before.base + baseIn);
  const fees = pumpFees(pool, quoteOut, false);
  const after = moved(before, true, baseIn, quoteOut, baseIn, quoteOut);
  const userOut = quoteOut - total(fees);
  return {
    pool,
    before,
    after,
    baseIn: true,
    userIn: baseIn,
    userOut,
    poolIn: baseIn,
    poolOut: quoteOut,
    fees,
  };
}

const SWAP_LP_BPS = 20n;
const SWAP_PROTOCOL_BPS = 5n;
const SWAP_CREATOR_BPS = 5n;

/** The newer instructions leave the protocol's and the creator's fee in the quote vault. */
export function keepsFeesInVault(pool: Pool): boolean {
  return pool.venue === "PumpSwap" && pool.variant % 6 === 5;
}

function pumpSwapFees(quoteAmount: bigint): Fees {
  return {
    lp: share(quoteAmount, SWAP_LP_BPS),
    protocol: share(quoteAmount, SWAP_PROTOCOL_BPS),
    creator: share(quoteAmount, SWAP_CREATOR_BPS),
    cashback: 0n,
  };
}

function buyFromPumpSwap(pool: Pool, before: PoolState, budget: bigint): Fill {
  const bps = SWAP_LP_BPS + SWAP_PROTOCOL_BPS + SWAP_CREATOR_BPS;
  const quoteIn = withoutFees(budget, bps, (amount) => total(pumpSwapFees(amount)));
  const baseOut = (before.base * quoteIn) / (before.quote + quoteIn);
  const fees = pumpSwapFees(quoteIn);
  const userIn = quoteIn + total(fees);
  const intoVault = keepsFeesInVault(pool) ? userIn : quoteIn + fees.lp;
  const after = moved(before, false, quoteIn + fees.lp, baseOut, intoVault, baseOut);
  return {
    pool,
    before,
    after,
    baseIn: false,
    userIn,
    userOut: baseOut,
    poolIn: quoteIn,
    poolOut: baseOut,
    fees,
  };
}

function sellToPumpSwap(pool: Pool, before: PoolState, baseIn: bigint): Fill {
  const quoteOut = (before.quote * baseIn) / (before.base + baseIn);
  const fees = pumpSwapFees(quoteOut);
  const userOut = quoteOut - total(fees);
  const outOfVault = keepsFeesInVault(pool) ? userOut : quoteOut - fees.lp;
  const after = moved(before, true, baseIn, quoteOut - fees.lp, baseIn, outOfVault);
  return {
    pool,
    before,
    after,
    baseIn: true,
    userIn: baseIn,
    userOut,
    poolIn: baseIn,
    poolOut: quoteOut,
    fees,
  };
}

function moved(
  state: PoolState,
  baseIn: boolean,
  reserveIn: bigint,
  reserveOut: bigint,
  intoVault: bigint,
  outOfVault: bigint,
): PoolState {
  return {
    base: baseIn ? state.base + reserveIn : state.base - reserveOut,
    quote: baseIn ? state.quote - reserveOut : state.quote + reserveIn,
    vaultBase: baseIn ? state.vaultBase + intoVault : state.vaultBase - outOfVault,
    vaultQuote: baseIn ? state.vaultQuote - outOfVault : state.vaultQuote + intoVault,
  };
}

/** The part of a budget that is left for the pool when fees come on top, so that both together fit. */
function withoutFees(budget: bigint, bps: bigint, feesOf: (amount: bigint) => bigint): bigint {
  let amount = (budget * 10_000n) / (10_000n + bps);
  while (amount > 0n && amount + feesOf(amount) > budget) amount--;
  return amount;
}

/** That many hundredths of a percent, rounded up as the venues round fees. */
function share(amount: bigint, bps: bigint): bigint {
  return (amount * bps + 9_999n) / 10_000n;
}

export function total(fees: Fees): bigint {
  return fees.lp + fees.protocol + fees.creator + fees.cashback;
}
