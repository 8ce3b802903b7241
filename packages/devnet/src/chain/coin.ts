import { Random, type Seed, TOPIC } from "../encoding/random.ts";
import type { Address, AddressBook } from "./address.ts";
import { ammPool, type Pool } from "./pool.ts";
import { logWalk } from "./price-walk.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import { type PricedToken, SOL, type Token, USDC } from "./token.ts";

/** Raw units of a new curve, as PumpFun opens them. */
export const CURVE = {
  supply: 1_000_000_000_000_000n,
  virtualToken: 1_073_000_000_000_000n,
  realToken: 793_100_000_000_000n,
  /** What is kept back for the pool after the curve. */
  poolToken: 206_900_000_000_000n,
  virtualSol: 30_000_000_000n,
  virtualUsdc: 4_500_000_000n,
} as const;

/** A coin that starts on PumpFun's curve; one in four makes it to a PumpSwap pool. */
export interface Coin {
  readonly number: number;
  readonly token: Token;
  readonly creator: Address;
  readonly curve: Pool;
  /** The pool after the curve; null for a coin that dies on it. */
  readonly graduated: Pool | null;
  readonly createdIndex: number;
  /** The curve trades in [createdIndex, curveEndIndex). */
  readonly curveEndIndex: number;
  readonly migrationIndex: number;
  /** The pool trades in [migrationIndex, poolEndIndex). */
  readonly poolEndIndex: number;
  readonly cashback: boolean;
}

export const LONGEST_LIFE = 16_000;
const COINS_KEPT = 2_000;
const POOL_NUMBERS = 1_000_000;
const SYLLABLES = ["ba", "do", "fi", "ga", "ho", "ku", "lo", "mi", "no", "pe", "ra", "su", "ti", "wo", "ze"];

/** Makes the coins of the chain, each from its number. */
export class CoinMint {
  readonly #seed: Seed;
  readonly #book: AddressBook;
  readonly #everySlots: number;
  readonly #usdcPriceSol: (index: number) => number;
  readonly #coins = new Map<number, Coin>();

  constructor(seed: Seed, book: AddressBook, everySlots: number, usdcPriceSol: (index: number) => number) {
    this.#seed = seed;
    this.#book = book;
    this.#everySlots = everySlots;
    this.#usdcPriceSol = usdcPriceSol;
  }

  /** All coins that can trade between the two indexes, oldest first. */
  between(from: number, to: number): Coin[] {
    const coins: Coin[] = [];
    const first = Math.floor((from - LONGEST_LIFE) / this.#everySlots) - 1;
    for (let number = first; number <= Math.floor(to / this.#everySlots); number++) {
      const coin = this.coin(number);
      const end = coin.graduated === null ? coin.curveEndIndex : coin.poolEndIndex;
      if (coin.createdIndex <= to && end > from) coins.push(coin);
    }
    return coins;
  }

  /** Coins before the first slot have negative numbers. */
  coin(number: number): Coin {
    const known = this.#coins.get(number);
    if (known !== undefined) return known;
    if (this.#coins.size >= COINS_KEPT) this.#coins.clear();
    const coin = this.#make(number);
    this.#coins.set(number, coin);
    return coin;
  }

  #make(number: number): Coin {
    const random = new Random(this.#seed, TOPIC.coin, number + POOL_NUMBERS);
    const createdIndex = number * this.#everySlots + random.below(Math.ceil(this.#everySlots / 2));
    const graduates = random.chance(0.25);
    const curveEndIndex = createdIndex + random.between(600, 3_500);
    const migrationIndex = curveEndIndex + random.between(3, 12);
    const poolEndIndex = migrationIndex + random.between(2_000, 12_000);
    const quote = random.chance(0.1) ? USDC : SOL;
    const program = random.chance(0.5) ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM;
    const word = random.pick(SYLLABLES) + random.pick(SYLLABLES);
    const token: Token = {
      mint: this.#book.vanity(`coin/${number}/mint`, "pump"),
      decimals: 6,
      program,
      supply: CURVE.supply,
      name: `${word} coin`,
      symbol: word.toUpperCase(),
    };
    const creator = this.#book.derive(`coin/${number}/creator`);
    const life = { createdIndex, curveEndIndex, peak: graduates ? 1 : 0.05 + 0.6 * random.float() };
    const curve = this.#curve(number, token, quote, creator, life, random.below(100));
    const lastPrice = priceOfShare(0.999, quote);
    const graduated = graduates
      ? this.#pool(number, token, quote, creator, migrationIndex, lastPrice, random.below(100))
      : null;
    return {
      number,
      token,
      creator,
      curve,
      graduated,
      createdIndex,
      curveEndIndex,
      migrationIndex,
      poolEndIndex,
      cashback: curve.variant % 5 === 0,
    };
  }

  #curve(number: number, token: Token, quote: Token, creator: Address, life: Life, variant: number): Pool {
    const key = POOL_NUMBERS + number * 2;
    const label = `coin/${number}`;
    const opening = openingQuote(quote);
    const shareAt = (index: number) => soldShare(this.#seed, key, life, index);
    return {
      venue: "PumpFun",
      number: key,
      address: this.#book.derive(`${label}/curve`),
      base: token,
      quote,
      vaultBase: this.#book.derive(`${label}/curve-vault`),
      vaultQuote: this.#book.derive(`${label}/curve-quote-vault`),
      creator,
      feeBps: 95,
      vaultShare: 1,
      virtualQuote: 0n,
      variant,
      priceAt: (index) => priceOfShare(shareAt(index), quote),
      stateAt(index) {
        const sold = BigInt(Math.round(shareAt(index) * Number(CURVE.realToken)));
        const base = CURVE.virtualToken - sold;
        const quoteReserve = (opening * CURVE.virtualToken) / base;
        return {
          base,
          quote: quoteReserve,
          vaultBase: CURVE.realToken - sold + CURVE.poolToken,
          vaultQuote: quoteReserve - opening,
        };
      },
    };
  }

  #pool(
    number: number,
    token: Token,
    quote: Token,
    creator: Address,
    anchor: number,
    price: number,
    variant: number,
  ): Pool {
    const key = POOL_NUMBERS + number * 2 + 1;
    const quotePriced: PricedToken = {
      token: quote,
      priceSol: quote === SOL ? () => 1 : this.#usdcPriceSol,
    };
    const wholePrice = price * 10 ** (token.decimals - quote.decimals) * quotePriced.priceSol(anchor);
    const walkedAt = (index: number) => logWalk(this.#seed, key, index, 0.004);
    const base: PricedToken = {
      token,
      priceSol: (index) => wholePrice * Math.exp(walkedAt(index) - walkedAt(anchor)),
    };
    const depthSol = (Number(CURVE.poolToken) / 10 ** token.decimals) * wholePrice;
    const virtualQuote = variant % 4 === 0 && quote === SOL ? 17_600_000_000n : 0n;
    return ammPool(this.#book, {
      venue: "PumpSwap",
      number: key,
      base,
      quote: quotePriced,
      depthSol,
      anchorIndex: anchor,
      variant,
      virtualQuote,
      creator,
    });
  }
}

interface Life {
  readonly createdIndex: number;
  readonly curveEndIndex: number;
  readonly peak: number;
}

export function openingQuote(quote: Token): bigint {
  return quote === SOL ? CURVE.virtualSol : CURVE.virtualUsdc;
}

/** Raw quote units per raw base unit when that share of the curve is sold. */
function priceOfShare(share: number, quote: Token): number {
  const base = Number(CURVE.virtualToken) - share * Number(CURVE.realToken);
  return (Number(openingQuote(quote)) * Number(CURVE.virtualToken)) / base / base;
}

/** How much of the curve is sold: up to all of it for a coin that graduates, up and down again for others. */
function soldShare(seed: Seed, key: number, life: Life, index: number): number {
  const age = (index - life.createdIndex) / (life.curveEndIndex - life.createdIndex);
  if (age <= 0) return 0;
  const trend = life.peak === 1 ? age * (0.6 + 0.4 * age) : age < 0.3 ? age / 0.3 : (1 - age) / 0.7;
  const swing = logWalk(seed, key, index, 0.006) * age * Math.max(0, 1 - age) * 2;
  return Math.min(0.97, Math.max(0.001, life.peak * trend * (1 + swing)));
}
