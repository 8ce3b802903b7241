import {
  ContractError,
  decodeBlockOf,
  decodeTradesOf,
  type PriceChange,
  TOPICS,
} from "@candlewick/contracts";
import type { Candle } from "@candlewick/domain";
import { type ConsumedRecord, partitionName } from "@candlewick/kafka";
import type { MarketSnapshot } from "@candlewick/store";
import { DisputedCandles, type PairMoment } from "./disputed-candles.ts";
import type { MarketChanges, MarketState } from "./market-state.ts";
import { type CandlePlace, EMPTY_CANDLE } from "./pair-state.ts";
import type { MarketOptions, MarketPorts } from "./ports.ts";
import type { Publisher } from "./publisher.ts";

/** The most candles that one query to PostgreSQL gives. */
const MAX_CANDLES = 50_000;
/** Queries to PostgreSQL that are under way at a time. */
const CONCURRENT_QUERIES = 4;
/** A candle without trades has no amounts: its decimals say nothing. */
const NO_ASSETS = { base: { mint: "", decimals: 0 }, token: { mint: "", decimals: 0 } };

/** Candles of one pair and interval that one query gives. */
interface StoredRun {
  readonly pair: string;
  readonly interval: string;
  readonly opens: readonly number[];
}

/**
 * One snapshot's life. Records behind the snapshot's offsets change the state; those before them, which no
 * view has published, are in it: their candles are told anew.
 */
export class LiveView {
  readonly #options: MarketOptions;
  readonly #ports: MarketPorts;
  readonly #state: MarketState;
  readonly #offsets: MarketSnapshot["offsets"];
  readonly #disputed: DisputedCandles;
  readonly #publisher: Publisher;
  readonly #ended = Promise.withResolvers<void>();
  /**
   * Partitions in which this view has not come as far yet as the one before. Until it has, it publishes nothing:
   * readers have seen later values.
   */
  readonly #behind: Map<string, bigint>;
  /** Moments of candles that only PostgreSQL knows, to be told once nothing is behind. */
  readonly #held = new DisputedCandles();
  #isGivenUp = false;

  constructor(
    options: MarketOptions,
    ports: MarketPorts,
    of: {
      readonly state: MarketState;
      readonly offsets: MarketSnapshot["offsets"];
      readonly disputed: DisputedCandles;
      readonly publisher: Publisher;
      /** The next offsets of what the views before have handled. */
      readonly positions: ReadonlyMap<string, bigint> | null;
    },
  ) {
    this.#options = options;
    this.#ports = ports;
    this.#state = of.state;
    this.#offsets = of.offsets;
    this.#disputed = of.disputed;
    this.#publisher = of.publisher;
    this.#behind = new Map(
      [...(of.positions ?? [])].filter(([name, position]) => position > (of.offsets.get(name) ?? 0n)),
    );
    of.publisher.onDispute = () => this.#ended.resolve();
  }

  /** Resolves when a new snapshot is due. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The next view is about to begin: what this one still has to say it must not say any more. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const { pair, timeMs } of this.#held.takeAll()) this.#disputed.add(pair, timeMs);
    this.#disputeChanges();
  }

  async handle(records: readonly ConsumedRecord[]): Promise<void> {
    const before: PairMoment[] = [];
    for (const record of records) {
      this.#apply(record, before);
      const name = partitionName(record);
      if (record.offset + 1n >= (this.#behind.get(name) ?? 0n)) this.#behind.delete(name);
    }
    this.#ports.metrics.pairs.set(this.#state.pairs);
    await this.publish(before);
    const dropped = this.#disputed.takeOverflow() + this.#held.takeOverflow();
    this.#ports.metrics.disputesDropped.inc(dropped);
    if (this.#state.stale !== null) this.#ended.resolve();
  }

  /** Publishes the candles of these moments and all that changed. What cannot be published is disputed. */
  async publish(moments: readonly PairMoment[]): Promise<void> {
    if (this.#behind.size > 0) {
      for (const { pair, timeMs } of moments) {
        if (this.#state.touch(pair, timeMs).length > 0) this.#held.add(pair, timeMs);
      }
      return;
    }
    await this.#publishStored([...this.#held.takeAll(), ...moments]);
    await this.#publishChanges();
  }

  #apply(record: ConsumedRecord, before: PairMoment[]): void {
    const { metrics, logger } = this.#ports;
    const isStored = record.offset < (this.#offsets.get(partitionName(record)) ?? 0n);
    try {
      if (record.topic === TOPICS[this.#options.chain].blocks) this.#applyBlock(record, isStored, before);
      else this.#applyTrades(record, isStored, before);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      metrics.rejected.inc({ topic: record.topic });
      logger.debug("a record cannot be read", {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
      });
    }
  }

  #applyTrades(record: ConsumedRecord, isStored: boolean, before: PairMoment[]): void {
    for (const trade of decodeTradesOf(this.#options.chain, record.value)) {
      const { time } = trade.block;
      if (isStored) this.#state.noteTrade(trade);
      if (isStored && time !== null) before.push({ pair: trade.pair, timeMs: time * 1000 });
      const outcome = isStored ? "in-snapshot" : this.#state.applyTrade(trade);
      this.#ports.metrics.trades.inc({ outcome });
    }
  }

  #applyBlock(record: ConsumedRecord, isStored: boolean, before: PairMoment[]): void {
    const block = decodeBlockOf(this.#options.chain, record.value);
    const place = { partition: partitionName(record), offset: record.offset };
    if (isStored) before.push(...this.#state.noteBlock(block, place));
    const outcome = isStored ? "in-snapshot" : this.#state.applyBlock(block, place);
    this.#ports.metrics.blocks.inc({ outcome });
    if (outcome !== "unlocated") return;
    this.#ports.logger.warn("a block was taken back whose candles are not known any more", {
      slot: block.slot,
      block: block.id,
    });
  }

  async #publishChanges(): Promise<void> {
    const { candles, prices } = this.#state.takeChanges();
    const left = new Map([...candles, ...prices].map((change) => [change, placeOf(change)]));
    try {
      for (const change of left.keys()) {
        if (this.#isGivenUp) return;
        if ("candle" in change) await this.#publisher.candle(change.candle, change.assets);
        else await this.#publisher.price(change);
        left.delete(change);
      }
    } finally {
      for (const { pair, timeMs } of left.values()) this.#disputed.add(pair, timeMs);
    }
  }

  /** What changed and was not published. */
  #disputeChanges(): void {
    const { candles, prices } = this.#state.takeChanges();
    for (const change of [...candles, ...prices]) {
      const { pair, timeMs } = placeOf(change);
      this.#disputed.add(pair, timeMs);
    }
  }

  async #publishStored(moments: readonly PairMoment[]): Promise<void> {
    const unknown = new Map<string, CandlePlace[]>();
    for (const { pair, timeMs } of moments) {
      const places = this.#state.touch(pair, timeMs);
      if (places.length > 0) unknown.set(pair, [...(unknown.get(pair) ?? []), ...places]);
    }
    let isDone = false;
    try {
      await this.#publishPlaces(unknown);
      isDone = !this.#isGivenUp;
    } finally {
      if (!isDone) for (const { pair, timeMs } of moments) this.#disputed.add(pair, timeMs);
    }
  }

  async #publishPlaces(places: ReadonlyMap<string, readonly CandlePlace[]>): Promise<void> {
    const queries = [...places].flatMap(([pair, all]) =>
      this.#options.intervals.flatMap(({ name, ms }) => {
        const opens = all.filter(({ interval }) => interval === name).map(({ openMs }) => openMs);
        return runsOf(opens, ms * MAX_CANDLES).map((run) => ({ pair, interval: name, opens: run }));
      }),
    );
    for (let from = 0; from < queries.length && !this.#isGivenUp; from += CONCURRENT_QUERIES) {
      const some = queries.slice(from, from + CONCURRENT_QUERIES);
      await Promise.all(some.map((query) => this.#publishRun(query)));
    }
  }

  async #publishRun({ pair, interval, opens }: StoredRun): Promise<void> {
    const { chain } = this.#options;
    const wanted = new Set(opens);
    const stored = await this.#ports.candles({
      ...{ chain, pair, interval, limit: MAX_CANDLES },
      fromMs: Math.min(...opens),
      toMs: Math.max(...opens) + 1,
    });
    for (const { candle, assets } of stored) {
      if (wanted.delete(candle.openMs)) await this.#publishStoredCandle(candle, assets);
    }
    for (const openMs of wanted) {
      await this.#publishStoredCandle({ chain, pair, interval, openMs, ...EMPTY_CANDLE }, NO_ASSETS);
    }
  }

  async #publishStoredCandle(candle: Candle, assets: typeof NO_ASSETS): Promise<void> {
    if (this.#isGivenUp) return;
    this.#ports.metrics.republished.inc();
    await this.#publisher.candle(candle, assets);
  }
}

function placeOf(change: MarketChanges["candles"][number] | PriceChange): PairMoment {
  if ("candle" in change) return { pair: change.candle.pair, timeMs: change.candle.openMs };
  return { pair: change.pair_addr, timeMs: change.block_time * 1000 };
}

/** Distinct times in ascending order, cut where they would span more than `spanMs`. */
function runsOf(times: readonly number[], spanMs: number): number[][] {
  const runs: number[][] = [];
  for (const time of [...new Set(times)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    const start = run?.[0];
    if (run === undefined || start === undefined || time - start >= spanMs) runs.push([time]);
    else run.push(time);
  }
  return runs;
}
