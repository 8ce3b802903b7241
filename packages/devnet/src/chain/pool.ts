import type { Venue } from "@candlewick/domain";
import type { Address, AddressBook } from "./address.ts";
import type { PricedToken, Token } from "./token.ts";

/** What a pool holds, in raw units. */
export interface PoolState {
  /** The reserves that make the price: virtual ones where the venue concentrates liquidity. */
  readonly base: bigint;
  readonly quote: bigint;
  /** What the vaults' token accounts hold. */
  readonly vaultBase: bigint;
  readonly vaultQuote: bigint;
}

/** A market of two tokens at one venue. Base and quote as the venue orders them: coin and pc, X and Y, A and B, 0 and 1. */
export interface Pool {
  readonly venue: Venue;
  /** Distinguishes pools in seeds of random numbers. */
  readonly number: number;
  readonly address: Address;
  readonly base: Token;
  readonly quote: Token;
  readonly vaultBase: Address;
  readonly vaultQuote: Address;
  /** Who made the coin of the pool. */
  readonly creator: Address;
  /** Fee of the venue's own kind, in hundredths of a percent, charged on the input. */
  readonly feeBps: number;
  /** Vault balance is this multiple of the reserve that makes the price. */
  readonly vaultShare: number;
  /** PumpSwap: what is added to the quote vault to make the price. */
  readonly virtualQuote: bigint;
  /** 0 to 99: chooses among the venue's versions of instruction and event, the same for the pool's whole life. */
  readonly variant: number;
  /** Where the price is drawn to: raw quote units per raw base unit. */
  readonly priceAt: (index: number) => number;
  /** The state in which the pool enters a stretch of slots. */
  readonly stateAt: (index: number) => PoolState;
}

export interface PoolPlan {
  readonly venue: Venue;
  readonly number: number;
  readonly base: PricedToken;
  readonly quote: PricedToken;
  /** Worth of one side's reserve at the anchor. */
  readonly depthSol: number;
  /** The index at which the depth is as given. */
  readonly anchorIndex: number;
  readonly variant: number;
  readonly virtualQuote?: bigint;
  readonly creator?: Address;
  /** Default: what is usual at the venue. */
  readonly feeBps?: number;
}

const FEE_BPS: Readonly<Record<Venue, number>> = {
  PumpFun: 0,
  PumpSwap: 0,
  RaydiumV4: 25,
  RaydiumClmm: 25,
  RaydiumCpmm: 25,
  OrcaWhirlpool: 30,
  MeteoraDlmm: 20,
  MeteoraDammV1: 25,
  MeteoraDammV2: 25,
  RaydiumLaunchLab: 125,
  Moonshot: 100,
  MeteoraDbc: 100,
};

/** Concentrated venues hold a part of what their price behaves like; DAMM v1 shares its vaults with other pools. */
const VAULT_SHARE: Readonly<Record<Venue, number>> = {
  PumpFun: 1,
  PumpSwap: 1,
  RaydiumV4: 1,
  RaydiumClmm: 0.5,
  RaydiumCpmm: 1,
  OrcaWhirlpool: 0.5,
  MeteoraDlmm: 0.5,
  MeteoraDammV1: 3,
  MeteoraDammV2: 1.1,
  RaydiumLaunchLab: 0.7,
  Moonshot: 0.8,
  MeteoraDbc: 0.6,
};

/** A pool whose price follows what its two tokens are worth. */
export function ammPool(book: AddressBook, plan: PoolPlan): Pool {
  const { venue, number, base, quote, anchorIndex } = plan;
  const rawPerWhole = 10 ** (quote.token.decimals - base.token.decimals);
  const priceAt = (index: number) => (base.priceSol(index) / quote.priceSol(index)) * rawPerWhole;
  const quoteAtAnchor = (plan.depthSol / quote.priceSol(anchorIndex)) * 10 ** quote.token.decimals;
  const rootAtAnchor = Math.sqrt(priceAt(anchorIndex));
  const virtualQuote = plan.virtualQuote ?? 0n;
  const vaultShare = VAULT_SHARE[venue];
  const label = `pool/${number}`;
  return {
    venue,
    number,
    base: base.token,
    quote: quote.token,
    address: book.derive(label),
    vaultBase: book.derive(`${label}/vault-base`),
    vaultQuote: book.derive(`${label}/vault-quote`),
    creator: plan.creator ?? book.derive(`${label}/creator`),
    feeBps: plan.feeBps ?? FEE_BPS[venue],
    vaultShare,
    virtualQuote,
    variant: plan.variant,
    priceAt,
    stateAt(index) {
      const root = Math.sqrt(priceAt(index));
      const quoteRaw = (quoteAtAnchor * root) / rootAtAnchor;
      const baseRaw = quoteAtAnchor / rootAtAnchor / root;
      const quoteReserve = wholeUnits(quoteRaw) + virtualQuote;
      return {
        base: wholeUnits(baseRaw),
        quote: quoteReserve,
        vaultBase: wholeUnits(baseRaw * vaultShare),
        vaultQuote: virtualQuote > 0n ? quoteReserve - virtualQuote : wholeUnits(quoteRaw * vaultShare),
      };
    },
  };
}

/** The nearest whole number of raw units: at least a million, so that no pool is empty, and well inside a u64. */
function wholeUnits(raw: number): bigint {
  return BigInt(Math.round(Math.min(Math.max(raw, 1_000_000), 2 ** 62)));
}
