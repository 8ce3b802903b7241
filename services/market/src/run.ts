import { ContractError, decodeBlock, decodeTrades, encodeJson, klineOf, TOPICS } from "@candlewick/contracts";
import type { ChainName, Interval } from "@candlewick/domain";
import type { ConsumedRecord, OutgoingMessage, Producer, Reader } from "@candlewick/kafka";
import { CandlewickError, type Clock, type Logger, type Service, systemClock } from "@candlewick/runtime";
import type { MarketSnapshot } from "@candlewick/store";
import { MarketState } from "./market-state.ts";
import type { MarketMetrics } from "./metrics.ts";
import { Revisions } from "./revision.ts";

export interface MarketOptions {
  readonly chain: ChainName;
  readonly intervals: readonly Interval[];
  readonly horizonSeconds: number;
  /** Least time between two snapshots. */
  readonly resyncIntervalMs: number;
}

export interface MarketPorts {
  snapshot(): Promise<MarketSnapshot>;
  /** Reads trades and blocks from these offsets on. */
  read(
    from: ReadonlyMap<string, bigint>,
    onRecords: (records: readonly ConsumedRecord[]) => Promise<void>,
  ): Promise<Reader>;
  readonly producer: Pick<Producer, "enqueue">;
  readonly logger: Logger;
  readonly metrics: MarketMetrics;
  readonly clock?: Clock;
}

/** Runs the live view: snapshot, replay from its offsets, publish what changes; again when it went stale. */
export function runMarket(options: MarketOptions, ports: MarketPorts): Service {
  const stopping = new AbortController();
  const done = loop(options, ports, stopping.signal);
  // The rejection is the caller's to handle, through `done`.
  done.catch(() => undefined);
  return {
    name: "market",
    done,
    async stop() {
      stopping.abort(new Error("market is stopping"));
      await done.catch(() => undefined);
    },
  };
}

async function loop(options: MarketOptions, ports: MarketPorts, signal: AbortSignal): Promise<void> {
  const clock = ports.clock ?? systemClock;
  const revisions = new Revisions(clock);
  while (!signal.aborted) {
    const snapshot = await takeSnapshot(ports, clock, signal);
    if (snapshot === null) return;
    ports.metrics.snapshots.inc();
    const state = new MarketState(snapshot, options.intervals, options.horizonSeconds);
    const started = clock.monotonic();
    const view = new LiveView(options, ports, state, revisions);
    const reader = await ports.read(snapshot.offsets, (records) => view.handle(records));
    const ended = await Promise.race([
      view.stale(started + options.resyncIntervalMs, signal),
      reader.done.then(() => "read" as const),
    ]);
    await reader.stop(5_000);
    if (ended === "read") throw new Error("the reader of trades ended");
    if (state.stale !== null)
      ports.logger.info("the live view is made anew from PostgreSQL", { reason: state.stale });
  }
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

/** Waits for a database that is away; null where the signal fires meanwhile. Rejects with what waiting cannot mend. */
async function takeSnapshot(
  ports: MarketPorts,
  clock: Clock,
  signal: AbortSignal,
): Promise<MarketSnapshot | null> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await ports.snapshot();
    } catch (error) {
      if (!(error instanceof CandlewickError) || error.retry === "never") throw error;
      const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
      ports.logger.warn("no snapshot for the live view; it is tried again", {
        reason: error.message,
        pauseMs,
      });
      // A stop ends the pause, and with it the loop.
      await clock.delay(pauseMs, signal).catch(() => undefined);
    }
  }
  return null;
}

/** One snapshot's life. */
class LiveView {
  readonly #options: MarketOptions;
  readonly #ports: MarketPorts;
  readonly #state: MarketState;
  readonly #revisions: Revisions;
  #onStale: (() => void) | null = null;

  constructor(options: MarketOptions, ports: MarketPorts, state: MarketState, revisions: Revisions) {
    this.#options = options;
    this.#ports = ports;
    this.#state = state;
    this.#revisions = revisions;
  }

  /** Resolves when a new snapshot is due, not before the monotonic time `notBefore`, or when the signal fires. */
  async stale(notBefore: number, signal: AbortSignal): Promise<"stale"> {
    const clock = this.#ports.clock ?? systemClock;
    await new Promise<void>((resolve) => {
      if (this.#state.stale !== null || signal.aborted) return resolve();
      this.#onStale = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const waitMs = notBefore - clock.monotonic();
    if (waitMs > 0 && !signal.aborted) await clock.delay(waitMs, signal).catch(() => undefined);
    return "stale";
  }

  async handle(records: readonly ConsumedRecord[]): Promise<void> {
    for (const record of records) this.#apply(record);
    this.#ports.metrics.pairs.set(this.#state.pairs);
    await this.#publish();
    if (this.#state.stale !== null) this.#onStale?.();
  }

  #apply(record: ConsumedRecord): void {
    const { metrics, logger } = this.#ports;
    try {
      if (record.topic === TOPICS[this.#options.chain].blocks)
        this.#state.applyBlock(decodeBlock(record.value));
      else
        for (const trade of decodeTrades(record.value))
          metrics.trades.inc({ outcome: this.#state.applyTrade(trade) });
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

  async #publish(): Promise<void> {
    const topics = TOPICS[this.#options.chain];
    const { candles, prices } = this.#state.takeChanges();
    for (const { candle, assets } of candles) {
      const value = encodeJson(klineOf(candle, assets, this.#revisions.next()));
      await this.#send({ topic: topics.klines, key: Buffer.from(candle.pair), value });
    }
    for (const price of prices) {
      await this.#send({
        topic: topics.priceChange,
        key: Buffer.from(price.pair_addr),
        value: encodeJson(price),
      });
    }
  }

  #send(message: OutgoingMessage): Promise<void> {
    const { producer, metrics, logger } = this.#ports;
    return producer.enqueue(message, (error) => {
      if (error === null) metrics.published.inc({ topic: message.topic });
      else {
        metrics.publishErrors.inc({ topic: message.topic });
        logger.warn("a live message was not published", { topic: message.topic, error: error.message });
      }
    });
  }
}
