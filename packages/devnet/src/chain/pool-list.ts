import type { Venue } from "@candlewick/domain";
import { Random, type Seed, TOPIC } from "../encoding/random.ts";
import type { AddressBook } from "./address.ts";
import { ammPool, type Pool } from "./pool.ts";
import { logWalk } from "./price-walk.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import { type PricedToken, SOL, sortsBefore, type Token, USDC, USDT } from "./token.ts";
import { nameOfMint } from "./token-name.ts";

/** The pools that exist from the first slot on. */
export interface PoolList {
  /** SOL against dollars: they tell every block's price of SOL. */
  readonly deep: readonly Pool[];
  /** All others, the busiest first. */
  readonly others: readonly Pool[];
  readonly byMint: ReadonlyMap<string, readonly Pool[]>;
  readonly solUsdAt: (index: number) => number;
  readonly usdc: PricedToken;
}

/** Deviation of the logarithm of the price in one slot: about 4 % a day for SOL. */
const SOL_DEVIATION = 0.000_09;

const VENUE_TURN: readonly Venue[] = [
  "PumpSwap",
  "RaydiumV4",
  "OrcaWhirlpool",
  "RaydiumClmm",
  "MeteoraDlmm",
  "RaydiumCpmm",
  "MeteoraDammV2",
  "PumpSwap",
  "OrcaWhirlpool",
  "MeteoraDammV1",
  "RaydiumV4",
  "MeteoraDlmm",
  "RaydiumLaunchLab",
  "MeteoraDbc",
  "Moonshot",
];

/** Makes `count` pools over all venues but PumpFun, whose curves come and go. */
export function makePools(seed: Seed, book: AddressBook, count: number, solUsdAtStart: number): PoolList {
  const solUsdAt = (index: number) => solUsdAtStart * Math.exp(logWalk(seed, 0, index, SOL_DEVIATION));
  const sol: PricedToken = { token: SOL, priceSol: () => 1 };
  const usdc: PricedToken = { token: USDC, priceSol: (index) => 1 / solUsdAt(index) };
  const usdt: PricedToken = { token: USDT, priceSol: (index) => 0.9997 / solUsdAt(index) };
  const deepOf = (venue: Venue, number: number, quote: PricedToken, depthSol: number) =>
    ammPool(book, { venue, number, base: sol, quote, depthSol, anchorIndex: 0, variant: number, feeBps: 4 });
  const deep = [
    deepOf("MeteoraDlmm", 1, usdc, 60_000),
    deepOf("RaydiumClmm", 2, usdc, 90_000),
    deepOf("OrcaWhirlpool", 3, usdc, 80_000),
    deepOf("RaydiumClmm", 4, usdt, 30_000),
  ];
  const others: Pool[] = [];
  const tokens: PricedToken[] = [];
  for (let rank = 0; rank < count - deep.length; rank++) {
    const number = 10 + rank;
    const random = new Random(seed, TOPIC.pool, number);
    // Every third pool trades a token that another pool trades too.
    const venue = VENUE_TURN[rank % VENUE_TURN.length] ?? "PumpSwap";
    const known = tokens.filter(({ token }) => trades(venue, token));
    const shared = rank % 3 === 2 ? known[random.below(known.length)] : undefined;
    const token = shared ?? newToken(seed, book, number, venue, random);
    if (shared === undefined) tokens.push(token);
    others.push(makePool(book, number, venue, token, sol, usdc, random));
  }
  return { deep, others, byMint: indexByMint([...deep, ...others]), solUsdAt, usdc };
}

function makePool(
  book: AddressBook,
  number: number,
  venue: Venue,
  token: PricedToken,
  sol: PricedToken,
  usdc: PricedToken,
  random: Random,
): Pool {
  const money = random.chance(0.85) || venue === "Moonshot" ? sol : usdc;
  const tokenFirst = comesFirst(venue, token, money, random);
  return ammPool(book, {
    venue,
    number,
    base: tokenFirst ? token : money,
    quote: tokenFirst ? money : token,
    depthSol: (40 + 1_500 * random.float()) / (1 + number / 40),
    anchorIndex: 0,
    variant: random.below(100),
  });
}

/** Which side the venue puts first: the lesser mint at some, whatever the pool's maker chose at the others. */
function comesFirst(venue: Venue, token: PricedToken, money: PricedToken, random: Random): boolean {
  const usual = !random.chance(0.12);
  switch (venue) {
    case "RaydiumClmm":
    case "RaydiumCpmm":
    case "OrcaWhirlpool":
      return sortsBefore(token.token, money.token);
    case "PumpFun":
    case "RaydiumLaunchLab":
    case "Moonshot":
    case "MeteoraDbc":
      return true;
    case "PumpSwap":
    case "RaydiumV4":
    case "MeteoraDlmm":
    case "MeteoraDammV1":
    case "MeteoraDammV2":
      return usual;
  }
}

/** The oldest venues know only the original token program. */
function trades(venue: Venue, token: Token): boolean {
  return token.program === TOKEN_PROGRAM || !["RaydiumV4", "MeteoraDammV1", "Moonshot"].includes(venue);
}

function newToken(seed: Seed, book: AddressBook, number: number, venue: Venue, random: Random): PricedToken {
  const decimals = random.pick([6, 6, 6, 9, 9, 5, 8]);
  // A supply must fit a u64 in raw units.
  const supplyWhole = decimals === 9 ? 1e9 : random.pick([1e9, 1e9, 1e8, 1e10]);
  // Market value from about a million to some hundred million dollars.
  const startSol = random.magnitude(3.8, 6) / supplyWhole;
  const deviation = 0.001 + 0.002 * random.float();
  const mint = random.chance(0.3)
    ? book.vanity(`token/${number}`, "pump")
    : book.derive(`token/${number}`, "readonly");
  const token: Token = {
    mint,
    decimals,
    program: random.chance(0.15) ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM,
    supply: BigInt(supplyWhole) * 10n ** BigInt(decimals),
    ...nameOfMint(mint),
  };
  return {
    token: trades(venue, token) ? token : { ...token, program: TOKEN_PROGRAM },
    priceSol: (index) => startSol * Math.exp(logWalk(seed, number, index, deviation)),
  };
}

function indexByMint(pools: readonly Pool[]): ReadonlyMap<string, readonly Pool[]> {
  const index = new Map<string, Pool[]>();
  for (const pool of pools) {
    for (const { mint } of [pool.base, pool.quote]) {
      const known = index.get(mint.text);
      if (known === undefined) index.set(mint.text, [pool]);
      else known.push(pool);
    }
  }
  return index;
}
