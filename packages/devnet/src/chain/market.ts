import { Random, type Seed, TOPIC } from "../encoding/random.ts";
import type { AddressBook } from "./address.ts";
import { CoinMint } from "./coin.ts";
import { type Fill, fillOf, fillWholeCurve, tokenIn, tokenOut } from "./fill.ts";
import type { ChainOptions } from "./options.ts";
import type { BlockPlan, Decoy, PlannedTransaction, SwapShape } from "./plan.ts";
import type { Pool } from "./pool.ts";
import { makePools, type PoolList } from "./pool-list.ts";
import type { Stretch } from "./stretch.ts";
import { SOL } from "./token.ts";
import { WeightedList } from "./weighted-list.ts";

const TRADERS = 500;
/** Their numbers come after the traders'. */
const SEARCHERS = 6;
const VALIDATORS = 60;
/** The share of the pairs that exist from the start; the rest are coins that come and go. */
const LASTING_SHARE = 0.75;
const DEEP_TRADES = 0.2;
const COIN_TRADES = 0.25;
/** How strongly a pool away from its walk attracts trades that bring it back. */
const PULL = 60;

/** Decides what happens in each block. */
export class Market {
  readonly pools: PoolList;
  readonly coins: CoinMint;
  readonly #seed: Seed;
  readonly #options: ChainOptions;
  readonly #others: WeightedList<Pool>;
  readonly #traders: WeightedList<number>;

  constructor(seed: Seed, options: ChainOptions, book: AddressBook) {
    this.#seed = seed;
    this.#options = options;
    const lasting = Math.max(16, Math.round(options.pairs * LASTING_SHARE));
    this.pools = makePools(seed, book, lasting, options.solUsd);
    this.coins = new CoinMint(seed, book, options.launchEverySlots, this.pools.usdc.priceSol);
    this.#others = new WeightedList(this.pools.others);
    this.#traders = new WeightedList(Array.from({ length: TRADERS }, (_, i) => i));
  }

  /** The plan of the block at `index`, whose parent is at `parentIndex`; moves the stretch's states. */
  planBlock(stretch: Stretch, slot: number, index: number, parentIndex: number): BlockPlan {
    const turn = new Turn(this.#seed, this.#options, index, this.#others, this.#traders, this.pools, stretch);
    const acts = [...this.#events(turn, stretch, index, parentIndex), ...turn.trades(), ...turn.decoys()];
    return { slot, index, transactions: this.#withVotes(acts, turn.random) };
  }

  #events(turn: Turn, stretch: Stretch, index: number, parentIndex: number): PlannedTransaction[] {
    const due = (at: number) => at > parentIndex && at <= index;
    const acts: PlannedTransaction[] = [];
    for (const coin of stretch.coins) {
      if (due(coin.createdIndex)) {
        const amount = wholeUnits(turn.random.magnitude(-1, 0.5) * (coin.curve.quote === SOL ? 1e9 : 150e6));
        const firstBuy = fillOf(coin.curve, stretch.stateOf(coin.curve), false, amount);
        if (firstBuy !== null) stretch.apply(firstBuy);
        acts.push({ kind: "launch", coin, firstBuy });
      }
      if (coin.graduated !== null && due(coin.curveEndIndex)) {
        const fill = fillWholeCurve(coin.curve, stretch.stateOf(coin.curve));
        if (fill !== null) acts.push({ kind: "completion", trader: turn.trader(), coin, fill });
      }
      if (coin.graduated !== null && due(coin.migrationIndex)) acts.push({ kind: "migration", coin });
    }
    return acts;
  }

  /** Votes come in among the rest, in no order. */
  #withVotes(acts: readonly PlannedTransaction[], random: Random): PlannedTransaction[] {
    const transactions: PlannedTransaction[] = [];
    let votes = this.#options.votesPerBlock;
    for (let i = 0; i < acts.length || votes > 0; ) {
      const act = acts[i];
      if (act === undefined || random.chance(votes / (votes + acts.length - i))) {
        transactions.push({ kind: "vote", validator: random.below(VALIDATORS) });
        votes--;
      } else {
        transactions.push(act);
        i++;
      }
    }
    return transactions;
  }
}

/** The trades of one block. */
class Turn {
  readonly random: Random;
  readonly #options: ChainOptions;
  readonly #index: number;
  readonly #others: WeightedList<Pool>;
  readonly #traders: WeightedList<number>;
  readonly #pools: PoolList;
  readonly #stretch: Stretch;
  readonly #live: readonly Pool[];

  constructor(
    seed: Seed,
    options: ChainOptions,
    index: number,
    others: WeightedList<Pool>,
    traders: WeightedList<number>,
    pools: PoolList,
    stretch: Stretch,
  ) {
    this.random = new Random(seed, TOPIC.plan, index);
    this.#options = options;
    this.#index = index;
    this.#others = others;
    this.#traders = traders;
    this.#pools = pools;
    this.#stretch = stretch;
    this.#live = livePools(stretch, index);
  }

  trader(): number {
    return this.#traders.pick(this.random);
  }

  trades(): PlannedTransaction[] {
    const { random } = this;
    const wanted = Math.round(this.#options.tradesPerSlot * (0.6 + 0.8 * random.float()));
    const acts: PlannedTransaction[] = [];
    let made = 0;
    // A pool can refuse a trade; three tries for each keep the loop bounded.
    for (let tries = 0; made < wanted && tries < wanted * 3 + 3; tries++) {
      const first = made === 0 && random.chance(0.9) ? random.pick(this.#pools.deep) : this.#pickPool();
      const sandwich = this.#sandwich(first);
      if (sandwich !== null) {
        acts.push(...sandwich);
        made += sandwich.length;
        continue;
      }
      const act = this.#transaction(first);
      if (act === null) continue;
      acts.push(act);
      if (act.kind === "swaps" && !act.failed) made += act.fills.length;
    }
    return acts;
  }

  decoys(): PlannedTransaction[] {
    const { random } = this;
    const count = this.#options.tradesPerSlot === 0 ? 0 : random.below(4);
    const acts: PlannedTransaction[] = [];
    for (let i = 0; i < count; i++) {
      const decoy: Decoy = random.pick(["imitation", "liquidity", "payment"]);
      const fill = this.#trade(this.#others.pick(random));
      if (fill !== null) acts.push({ kind: "decoy", decoy, trader: this.trader(), fill });
    }
    return acts;
  }

  #transaction(first: Pool): PlannedTransaction | null {
    const { random } = this;
    const failed = random.chance(this.#options.failedTransactionRate);
    const u = random.float();
    const hops = u < 0.6 ? 1 : u < 0.78 ? 1 : u < 0.93 ? 2 : 3;
    const fill = this.#trade(first);
    if (fill === null) return null;
    const fills = [fill];
    if (!failed) this.#stretch.apply(fill);
    let shape: SwapShape = u < 0.6 ? "direct" : "routed";
    if (u < 0.05) {
      // The user swaps twice in one transaction, at times against the same pool.
      const second = this.#trade(random.chance(0.4) && !failed ? first : this.#pickPool());
      if (second !== null && (second.pool !== first || !failed)) fills.push(second);
      if (second !== null && !failed) this.#stretch.apply(second);
    }
    while (shape === "routed" && fills.length < hops) {
      const next = this.#extend(fills);
      if (next === null) break;
      fills.push(next);
      if (!failed) this.#stretch.apply(next);
    }
    if (isTwoHop(fills)) shape = "two-hop";
    return { kind: "swaps", trader: this.trader(), shape, fills, failed };
  }

  /**
   * A trade that a searcher's two clamp: one before it in the same direction, and one after it that gives back
   * what the first got. Null most times, and where the pool cannot take them.
   */
  #sandwich(pool: Pool): PlannedTransaction[] | null {
    const { random } = this;
    const rate = this.#options.sandwichRate;
    // A chain without sandwiches draws no number for them: it is the same chain as before there were any.
    if (rate === 0 || !random.chance(rate)) return null;
    const front = this.#trade(pool);
    if (front === null) return null;
    const victim = fillOf(
      pool,
      front.after,
      front.baseIn,
      (front.userIn * BigInt(random.between(40, 250))) / 100n,
    );
    const back = victim === null ? null : fillOf(pool, victim.after, !front.baseIn, front.userOut);
    if (victim === null || back === null) return null;
    const searcher = TRADERS + random.below(SEARCHERS);
    const traders = [searcher, this.trader(), searcher];
    return [front, victim, back].map((fill, place) => {
      this.#stretch.apply(fill);
      return {
        kind: "swaps",
        trader: traders[place] ?? searcher,
        shape: "direct",
        fills: [fill],
        failed: false,
      };
    });
  }

  /** The next swap of a route: spends what the last one gave, at a pool the route has not seen. */
  #extend(fills: readonly Fill[]): Fill | null {
    const { random } = this;
    const last = fills.at(-1);
    if (last === undefined) return null;
    const mint = tokenOut(last).mint.text;
    const candidates = this.#pools.byMint.get(mint) ?? [];
    for (let tries = 0; tries < 6 && candidates.length > 0; tries++) {
      // Two Orca pools in a row are wanted more often than chance gives them: they make a two-hop.
      const pool = random.pick(candidates);
      if (last.pool.venue === "OrcaWhirlpool" && pool.venue !== "OrcaWhirlpool" && random.chance(0.5))
        continue;
      if (fills.some((fill) => fill.pool.number === pool.number)) continue;
      const state = this.#stretch.stateOf(pool);
      const baseIn = pool.base.mint.text === mint;
      // More than a twentieth of the reserve would move the price too far to be believed.
      if (last.userOut * 20n > (baseIn ? state.base : state.quote)) continue;
      const fill = fillOf(pool, state, baseIn, last.userOut);
      if (fill !== null) return fill;
    }
    return null;
  }

  #pickPool(): Pool {
    const u = this.random.float();
    if (u < DEEP_TRADES) return this.random.pick(this.#pools.deep);
    if (u < DEEP_TRADES + COIN_TRADES && this.#live.length > 0) return this.random.pick(this.#live);
    return this.#others.pick(this.random);
  }

  /** A trade of a plausible size, more often towards where the pool's price should be. */
  #trade(pool: Pool): Fill | null {
    const { random } = this;
    const state = this.#stretch.stateOf(pool);
    const away = Math.log((pool.priceAt(this.#index) * Number(state.base)) / Number(state.quote));
    const buyBase = random.float() < 0.5 + Math.min(0.45, Math.max(-0.45, away * PULL));
    const baseIn = !buyBase;
    const reserve = Number(baseIn ? state.base : state.quote);
    const deep = this.#pools.deep.includes(pool);
    const part = deep ? random.magnitude(-6, -3.2) : random.magnitude(-4.3, -1.9);
    const amount = reserve * part;
    const token = baseIn ? pool.base : pool.quote;
    return fillOf(
      pool,
      state,
      baseIn,
      random.chance(0.25) ? roundAmount(amount, token.decimals) : wholeUnits(amount),
    );
  }
}

function livePools(stretch: Stretch, index: number): Pool[] {
  const live: Pool[] = [];
  for (const coin of stretch.coins) {
    if (index > coin.createdIndex && index < coin.curveEndIndex) live.push(coin.curve);
    if (coin.graduated !== null && index > coin.migrationIndex && index < coin.poolEndIndex) {
      live.push(coin.graduated);
    }
  }
  return live;
}

function isTwoHop(fills: readonly Fill[]): boolean {
  const [first, second] = fills;
  return (
    fills.length === 2 &&
    first?.pool.venue === "OrcaWhirlpool" &&
    second?.pool.venue === "OrcaWhirlpool" &&
    first.pool !== second.pool &&
    tokenOut(first).mint.text === tokenIn(second).mint.text &&
    first.userOut === second.userIn
  );
}

/** People like round amounts: one or two leading digits. */
function roundAmount(raw: number, decimals: number): bigint {
  const unit = 10 ** Math.max(0, Math.min(decimals, Math.floor(Math.log10(Math.max(raw, 1))) - 1));
  return wholeUnits(Math.max(1, Math.round(raw / unit)) * unit);
}

function wholeUnits(raw: number): bigint {
  return BigInt(Math.max(1, Math.round(raw)));
}
