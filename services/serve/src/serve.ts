import { DEFAULT_INTERVALS, type Interval } from "@candlewick/domain";
import type { ConsumedRecord, KafkaConnection } from "@candlewick/kafka";
import type { Clock, Logger, Registry, Service } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import type { ServeConfig } from "./config.ts";
import { Hub } from "./hub.ts";
import { openListener } from "./listener.ts";
import { LiveFeed } from "./live-feed.ts";
import { startLiveSource } from "./live-source.ts";
import { serveMetrics } from "./serve-metrics.ts";
import { StatusBoard } from "./status-board.ts";
import { StatusService } from "./status-service.ts";
import { storeReads } from "./store-reads.ts";
import { WebSocketGateway } from "./websocket-gateway.ts";

const CHAIN = "solana";

/** What serve works with. */
export interface ServeDeps {
  readonly kafka: KafkaConnection;
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Told in `/api/status`. */
  readonly version: string;
  /** The intervals that candles are kept for; the usual seven by default. */
  readonly intervals?: readonly Interval[];
}

export interface ServeService extends Service {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
}

/** How often changed prices are sent. */
const PRICE_PERIOD_MS = 200;
const STATUS_PERIOD_MS = 1000;

/**
 * Serves HTTP, WebSocket and the web page until it is stopped. Throws PORT_IN_USE, and KAFKA_UNREACHABLE
 * where the live topics cannot be read. Candles and trades go from Kafka to the sockets in the same turn
 * of the event loop.
 */
export async function startServe(config: ServeConfig, deps: ServeDeps): Promise<ServeService> {
  const { clock, logger, version } = deps;
  const intervals = deps.intervals ?? DEFAULT_INTERVALS;
  const reads = storeReads(deps.store, CHAIN, config.dataflowGroup);
  const hub = new Hub({
    intervals: intervals.map(({ name }) => name),
    maxSubscriptions: config.maxSubscriptions,
    snapshotCandles: config.snapshotCandles,
    snapshotTrades: config.snapshotTrades,
    recentTrades: 5_000,
    recentSeries: 10_000,
    maxPairs: 20_000,
  });
  const metrics = serveMetrics(deps.metrics, hub);
  const gateway = new WebSocketGateway({ ...config, hub, reads, metrics, logger });
  const board = new StatusBoard(clock.now());
  const feed = new LiveFeed({ chain: CHAIN, gateway, board, metrics, logger, clock });
  const source = await startLiveSource(deps.kafka, CHAIN, (records: readonly ConsumedRecord[]) =>
    feed.take(records),
  );
  const status = new StatusService({
    version,
    board,
    reads,
    clock,
    metrics,
    logger,
    clients: () => hub.clients,
    ends: () => source.ends(),
  });
  let reading = true;
  const parts = { reads, intervals, hub, gateway, status, metrics, registry: deps.metrics, logger };
  const listener = await openListener(config, {
    ...parts,
    now: () => clock.now(),
    live: () => reading,
  }).catch(async (error: unknown) => {
    await source.stop(1000);
    throw error;
  });
  const stopping = new AbortController();
  const timers = Promise.all([
    repeat(clock, PRICE_PERIOD_MS, stopping.signal, () => gateway.handle({ kind: "flush-prices" })),
    repeat(clock, STATUS_PERIOD_MS, stopping.signal, async () => {
      if (hub.wantsStatus) gateway.handle({ kind: "status", status: await status.status() });
    }),
    repeat(clock, config.pingIntervalMs, stopping.signal, () => gateway.ping()),
  ]);
  const close = async (deadlineMs: number) => {
    stopping.abort();
    await Promise.all([source.stop(deadlineMs), listener.close(deadlineMs), timers]);
  };
  const ended = source.done.finally(() => {
    reading = false;
  });
  return {
    name: "serve",
    url: listener.url,
    done: Promise.all([ended, timers]).then(() => undefined),
    stop: close,
  };
}

async function repeat(
  clock: Clock,
  periodMs: number,
  signal: AbortSignal,
  action: () => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await clock.delay(periodMs, signal).catch(() => undefined);
    if (!signal.aborted) await action();
  }
}
