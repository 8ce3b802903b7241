import { type PriceChange, relativeChange } from "@candlewick/contracts";
import {
  type BlockRecord,
  type Candle,
  CHAIN_IDS,
  type Interval,
  priceInBase,
  type Trade,
} from "@candlewick/domain";
import type { MarketSnapshot } from "@candlewick/store";
import { PairState } from "./pair-state.ts";
import { PendingBlocks } from "./pending-blocks.ts";

/** What readers should be told. */
export interface MarketChanges {
  readonly candles: readonly { readonly candle: Candle; readonly assets: PairState["assets"] }[];
  readonly prices: readonly PriceChange[];
}

/** What became of a trade in the live view. */
export type TradeOutcome = "applied" | "duplicate" | "orphaned" | "unpriced" | "late";

/**
 * The live view of all pairs: a snapshot of PostgreSQL and every record after it. Trades of the last
 * `horizonSeconds` are pending: their blocks can be taken back. What is older and still arrives, or concerns
 * what only PostgreSQL knows, makes the view `stale`: a new snapshot is then due.
 */
export class MarketState {
  readonly #intervals: readonly Interval[];
  readonly #horizonSeconds: number;
  readonly #pairs = new Map<string, PairState>();
  readonly #pending = new PendingBlocks();
  readonly #changed = new Set<PairState>();
  #headTime: number;
  #stale: string | null = null;

  constructor(snapshot: MarketSnapshot, intervals: readonly Interval[], horizonSeconds: number) {
    this.#intervals = intervals;
    this.#horizonSeconds = horizonSeconds;
    this.#headTime = snapshot.headTime ?? 0;
    for (const entry of snapshot.pairs) {
      this.#pairs.set(entry.pair.address, new PairState(entry.pair, intervals, entry));
      for (const { trade } of entry.recent) {
        if (trade.block.time !== null) this.#pending.add(trade, trade.block.time, true);
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
    if (this.#pending.isOrphaned(trade.block.id)) return "orphaned";
    if (time < this.#headTime - this.#horizonSeconds) {
      // Whether it was seen before is no longer known here.
      this.#stale = "a trade came later than the horizon";
      return "late";
    }
    if (!this.#pending.add(trade, time, false)) return "duplicate";
    const pair = this.#pairOf(trade);
    if (!pair.add(trade, time * 1000)) this.#stale = "a trade belongs to a candle before the snapshot";
    this.#changed.add(pair);
    this.#advance(time);
    return "applied";
  }

  applyBlock(record: BlockRecord): void {
    if (record.time !== null) this.#advance(record.time);
    if (record.id === null) return;
    if (record.status === "orphaned") this.#orphan(record.id, record.time);
    else if (record.status === "finalized" && this.#pending.isOrphaned(record.id)) {
      // As in the store: only finality brings a block back; an earlier status may merely have come late.
      this.#pending.restore(record.id);
      this.#stale = "an orphaned block counts again";
    }
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

  #pairOf(trade: Trade): PairState {
    const known = this.#pairs.get(trade.pair);
    if (known !== undefined) return known;
    const { base, token, block } = trade;
    const pair = new PairState({ chain: block.chain, address: trade.pair, base, token }, this.#intervals);
    this.#pairs.set(trade.pair, pair);
    return pair;
  }

  #orphan(blockId: string, time: number | null): void {
    if (this.#pending.isOrphaned(blockId)) return;
    const settled = time === null || time < this.#headTime - this.#horizonSeconds;
    const trades = this.#pending.orphan(blockId, this.#headTime);
    if (trades === null || settled) this.#stale = "a block that only PostgreSQL knows was orphaned";
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
  }
}

function priceChangeOf(pair: PairState): PriceChange {
  const now = pair.history.last();
  const change = (seconds: number): number | null => {
    const before = pair.history.at((pair.lastTime - seconds) * 1000);
    return (
      relativeChange(now?.usd ?? null, before?.usd ?? null) ??
      relativeChange(now?.base ?? null, before?.base ?? null)
    );
  };
  return {
    chain_id: String(CHAIN_IDS[pair.chain]),
    pair_addr: pair.pair,
    slot: pair.lastSlot,
    block_time: pair.lastTime,
    price_usd: now?.usd ?? null,
    price_base: now?.base ?? null,
    change_5m: change(300),
    change_1h: change(3_600),
    change_4h: change(14_400),
    change_6h: change(21_600),
    change_24h: change(86_400),
  };
}
