import type { PriceChange } from "@candlewick/contracts";
import {
  type BlockRecord,
  type Candle,
  type Interval,
  isCanonical,
  priceInBase,
  type Trade,
} from "@candlewick/domain";
import type { MarketSnapshot } from "@candlewick/store";
import { BlockMemory, type BlockVerdict, type RecordPlace } from "./block-memory.ts";
import { DisputedCandles, type PairMoment } from "./disputed-candles.ts";
import { type CandlePlace, PairState } from "./pair-state.ts";
import { PendingBlocks } from "./pending-blocks.ts";
import { priceChangeOf } from "./price-change.ts";

/** What readers should be told. */
export interface MarketChanges {
  readonly candles: readonly { readonly candle: Candle; readonly assets: PairState["assets"] }[];
  readonly prices: readonly PriceChange[];
}

/** What became of a trade in the live view. */
export type TradeOutcome = "applied" | "duplicate" | "orphaned" | "unpriced" | "late" | "in-snapshot";

/**
 * What a block record did: nothing to the candles; its trades were taken out; or its candles are disputed,
 * or would be if it were known which they are.
 */
export type BlockOutcome = "noted" | "retracted" | "disputed" | "unlocated";

/** How long blocks are remembered after they were settled. */
const REMEMBERED_SECONDS = 900;
const TOLD_WITH_ORPHANS = "PostgreSQL may have told a candle with trades of an orphaned block";
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

/**
 * The live view of all pairs: a snapshot of PostgreSQL and every record after it. Trades of the last
 * `horizonSeconds` are pending: their blocks can be taken back. What is older and still arrives, or concerns
 * what only PostgreSQL knows, makes the view `stale`: a new snapshot is then due, and the candles concerned
 * are disputed.
 */
export class MarketState {
  readonly #intervals: readonly Interval[];
  readonly #horizonSeconds: number;
  readonly #offsets: MarketSnapshot["offsets"];
  readonly #memory: BlockMemory;
  readonly #disputed: DisputedCandles;
  readonly #pairs = new Map<string, PairState>();
  readonly #pending = new PendingBlocks();
  /** What the snapshot and the records since then say of blocks. */
  readonly #verdicts: Map<string, Set<BlockVerdict>>;
  /** Blocks of whose verdict the snapshot knew. */
  readonly #judgedBefore: Set<string>;
  readonly #changed = new Set<PairState>();
  /** Candles that were published from PostgreSQL in the life of this view. */
  readonly #toldByStore = new Set<string>();
  /** Candles that trades of orphaned blocks would belong to, and when that was found, oldest first. */
  readonly #refusedIn = new Map<string, number>();
  /** A pair that is not held here has no trades from this time on. */
  #knownFromMs: number;
  #headTime: number;
  #sweptTime: number;
  #stale: string | null = null;

  /** `memory` and `disputed` outlive the view. */
  constructor(
    snapshot: MarketSnapshot,
    intervals: readonly Interval[],
    horizonSeconds: number,
    memory = new BlockMemory(),
    disputed = new DisputedCandles(),
  ) {
    this.#intervals = intervals;
    this.#horizonSeconds = horizonSeconds;
    this.#offsets = snapshot.offsets;
    this.#memory = memory;
    this.#disputed = disputed;
    this.#verdicts = memory.verdictsBefore(snapshot.offsets);
    this.#judgedBefore = new Set(this.#verdicts.keys());
    this.#headTime = snapshot.headTime ?? 0;
    this.#sweptTime = this.#headTime;
    this.#knownFromMs = (this.#headTime - this.#windowSeconds()) * 1000;
    for (const entry of snapshot.pairs) {
      this.#pairs.set(entry.pair.address, new PairState(entry.pair, intervals, this.#knownFromMs, entry));
      for (const { trade } of entry.recent) {
        if (trade.block.time === null) continue;
        this.#pending.add(trade, trade.block.time, true);
        memory.note(trade.block.id, trade.pair, trade.block.time);
      }
    }
  }

  /** Why the view is not exact any more; null while it is. */
  get stale(): string | null {
    return this.#stale;
  }

  get pairs(): number {
    return this.#pairs.size;
  }

  applyTrade(trade: Trade): TradeOutcome {
    const time = trade.block.time;
    if (time === null || priceInBase(trade) === null) return "unpriced";
    this.#memory.note(trade.block.id, trade.pair, time);
    if (this.#isOrphaned(trade.block.id)) return this.#refuse(trade, time);
    if (time < this.#headTime - this.#horizonSeconds) {
      // Whether it was seen before is no longer known here.
      this.#dispute("a trade came later than the horizon", [trade.pair], time);
      return "late";
    }
    if (!this.#pending.add(trade, time, false)) return "duplicate";
    const pair = this.#pairOf(trade);
    if (!pair.add(trade, time * 1000)) {
      this.#dispute("a trade belongs to a candle before the snapshot", [trade.pair], time);
    }
    this.#changed.add(pair);
    this.#advance(time);
    return "applied";
  }

  /** Remembers a trade that the snapshot contains already: its block may still be taken back. */
  noteTrade({ block, pair }: Trade): void {
    if (block.time !== null) this.#memory.note(block.id, pair, block.time);
  }

  /** `place`: where the record lies, for the views to come. */
  applyBlock(record: BlockRecord, place: RecordPlace | null = null): BlockOutcome {
    const { id, status } = record;
    if (record.time !== null && isCanonical(status)) this.#advance(record.time);
    if (id === null || (status !== "orphaned" && status !== "finalized")) return "noted";
    const time = record.time ?? this.#memory.timeOf(id);
    const before = this.#verdicts.get(id);
    this.#mark(id, status, time, place);
    if (status === "orphaned") return before?.has("finalized") ? "noted" : this.#orphan(id, time);
    if (!before?.has("orphaned")) return "noted";
    return this.#disputeBlock("an orphaned block counts again", id, time);
  }

  /** Remembers a record that the snapshot contains already. Returns where it changed candles. */
  noteBlock({ id, status, time }: BlockRecord, place: RecordPlace): PairMoment[] {
    if (id === null || (status !== "orphaned" && status !== "finalized")) return [];
    const known = time ?? this.#memory.timeOf(id);
    this.#mark(id, status, known, place);
    this.#judgedBefore.add(id);
    // Trades of it that the snapshot did not have yet may have come first.
    if (this.#isOrphaned(id)) this.#takeOut(this.#pending.orphan(id, this.#headTime));
    if (known === null || !this.#verdicts.get(id)?.has("orphaned")) return [];
    return [...this.#memory.pairsOf(id)].map((pair) => ({ pair, timeMs: known * 1000 }));
  }

  /**
   * Has the candles of a pair that hold a time published anew, and its price. Returns those that only
   * PostgreSQL knows. Candles that this view told and let go of are left to the next one: they may hold records
   * that PostgreSQL does not have yet, and this view will not read again.
   */
  touch(pair: string, timeMs: number): CandlePlace[] {
    const state = this.#pairs.get(pair);
    if (state !== undefined) this.#changed.add(state);
    const { unknown, forgotten } = state?.touch(timeMs) ?? {
      unknown: PairState.placesOf(this.#intervals, timeMs),
      forgotten: [],
    };
    if (forgotten.length > 0)
      this.#dispute("a candle is to be told that was let go of", [pair], timeMs / 1000);
    for (const place of unknown) {
      const name = placeName(pair, place);
      this.#toldByStore.add(name);
      if (this.#refusedIn.has(name)) this.#dispute(TOLD_WITH_ORPHANS, [pair], timeMs / 1000);
    }
    return unknown;
  }

  /** The candles and prices that changed since the last call, whole values. */
  takeChanges(): MarketChanges {
    const candles = [...this.#changed].flatMap((pair) =>
      pair.takeChanged().map((candle) => ({ candle, assets: pair.assets })),
    );
    const prices = [...this.#changed].map(priceChangeOf);
    this.#changed.clear();
    return { candles, prices };
  }

  #mark(id: string, verdict: BlockVerdict, time: number | null, place: RecordPlace | null): void {
    const verdicts = this.#verdicts.get(id) ?? new Set();
    this.#verdicts.set(id, verdicts.add(verdict));
    if (place !== null) this.#memory.mark(id, verdict, time ?? this.#headTime, place);
  }

  #isOrphaned(id: string): boolean {
    const verdicts = this.#verdicts.get(id);
    return verdicts?.has("orphaned") === true && !verdicts.has("finalized");
  }

  /**
   * A trade of an orphaned block. A candle of it may be published from PostgreSQL, before or after this, while
   * that has the trade and not yet the record of the block.
   */
  #refuse({ block, pair }: Trade, time: number): TradeOutcome {
    if (this.#judgedBefore.has(block.id)) return "orphaned";
    for (const place of PairState.placesOf(this.#intervals, time * 1000)) {
      const name = placeName(pair, place);
      this.#refusedIn.delete(name);
      this.#refusedIn.set(name, this.#headTime);
      if (this.#toldByStore.has(name)) this.#dispute(TOLD_WITH_ORPHANS, [pair], time);
    }
    return "orphaned";
  }

  #dispute(reason: string, pairs: Iterable<string>, time: number | null): void {
    this.#stale ??= reason;
    if (time !== null) for (const pair of pairs) this.#disputed.add(pair, time * 1000);
  }

  #disputeBlock(reason: string, blockId: string, time: number | null): BlockOutcome {
    const pairs = this.#memory.pairsOf(blockId);
    this.#dispute(reason, pairs, time);
    return pairs.size === 0 ? "unlocated" : "disputed";
  }

  #pairOf(trade: Trade): PairState {
    const known = this.#pairs.get(trade.pair);
    if (known !== undefined) return known;
    const { base, token, block } = trade;
    const facts = { chain: block.chain, address: trade.pair, base, token };
    const pair = new PairState(facts, this.#intervals, this.#knownFromMs);
    this.#pairs.set(trade.pair, pair);
    return pair;
  }

  #orphan(blockId: string, time: number | null): BlockOutcome {
    if (this.#pending.isOrphaned(blockId)) return "noted";
    const settled = time === null || time < this.#headTime - this.#horizonSeconds;
    const trades = this.#pending.orphan(blockId, this.#headTime);
    this.#takeOut(trades);
    if (trades !== null && !settled) return "retracted";
    return this.#disputeBlock("a block that only PostgreSQL knows was orphaned", blockId, time);
  }

  #takeOut(trades: readonly Trade[] | null): void {
    for (const trade of trades ?? []) {
      const pair = this.#pairOf(trade);
      pair.retract((trade.block.time ?? 0) * 1000, this.#pending.ofPair(trade.pair));
      this.#changed.add(pair);
    }
  }

  #advance(time: number): void {
    if (time <= this.#headTime) return;
    this.#headTime = time;
    const settled = time - this.#horizonSeconds;
    const pairs = new Set<PairState>();
    for (const trade of this.#pending.settle(settled)) {
      const pair = this.#pairOf(trade);
      pair.settle(trade, (trade.block.time ?? 0) * 1000);
      pairs.add(pair);
    }
    for (const pair of pairs) pair.prune(settled * 1000);
    for (const id of this.#memory.prune(settled - REMEMBERED_SECONDS, this.#offsets)) {
      this.#verdicts.delete(id);
      this.#judgedBefore.delete(id);
    }
    for (const [name, since] of this.#refusedIn) {
      if (since >= settled - REMEMBERED_SECONDS) break;
      this.#refusedIn.delete(name);
    }
    if (time - this.#sweptTime >= HOUR_SECONDS) this.#sweep(time);
  }

  /** Forgets the pairs that a snapshot would not have: whatever they do next begins new candles. */
  #sweep(time: number): void {
    this.#sweptTime = time;
    const since = time - this.#windowSeconds() - this.#horizonSeconds;
    this.#knownFromMs = Math.max(this.#knownFromMs, since * 1000);
    for (const [address, pair] of this.#pairs) {
      if (pair.last.time < since && !this.#changed.has(pair)) this.#pairs.delete(address);
    }
  }

  /** How long a pair must have been quiet for none of its candles to be open. */
  #windowSeconds(): number {
    return Math.max(DAY_SECONDS, ...this.#intervals.map(({ ms }) => ms / 1000));
  }
}

function placeName(pair: string, { interval, openMs }: CandlePlace): string {
  return `${interval}:${openMs}:${pair}`;
}
