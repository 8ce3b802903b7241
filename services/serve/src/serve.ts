import { DEFAULT_INTERVALS, type Interval } from "@candlewick/domain";
import type { KafkaConnection } from "@candlewick/kafka";
import type { Clock, Logger, Registry, Service } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import type { ServeConfig } from "./config.ts";
import { Hub } from "./hub.ts";
import { openListener } from "./listener.ts";
import { LiveFeed } from "./live-feed.ts";
import { type StartLiveSource, startLiveSource } from "./live-source.ts";
import type { MarketReads } from "./ports.ts";
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
/** What the hub keeps of what was live: a few tens of megabytes at the most. */
const MEMORY_LIMITS = { recentTrades: 5_000, recentSeries: 10_000, maxPairs: 20_000 };

/** Parts of serve that are chosen outside: where it reads from. */
export interface ServePorts {
  readonly reads: MarketReads;
  readonly startSource: StartLiveSource;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly version: string;
  readonly intervals: readonly Interval[];
}

/**
 * Serves HTTP, WebSocket and the web page until it is stopped. Throws PORT_IN_USE, and KAFKA_UNREACHABLE
 * where the live topics cannot be read. Candles and trades go from Kafka to the sockets in the same turn
 * of the event loop.
 */
export function startServe(config: ServeConfig, deps: ServeDeps): Promise<ServeService> {
  const { kafka, store, logger, metrics, clock, version } = deps;
  return runServe(config, {
    reads: storeReads(store, CHAIN, config.dataflowGroup),
    startSource: (onRecords) => startLiveSource(kafka, CHAIN, onRecords),
    intervals: deps.intervals ?? DEFAULT_INTERVALS,
    ...{ logger, metrics, clock, version },
  });
}

/** `startServe` with any source of data. */
export async function runServe(config: ServeConfig, ports: ServePorts): Promise<ServeService> {
  const { clock, logger, reads, intervals, version } = ports;
  const hub = new Hub({
    intervals: intervals.map(({ name }) => name),
    ...config,
    ...MEMORY_LIMITS,
  });
  const metrics = serveMetrics(ports.metrics, hub);
  const gateway = new WebSocketGateway({ ...config, hub, reads, metrics, logger, clock });
  const board = new StatusBoard(clock.now());
  const feed = new LiveFeed({ chain: CHAIN, gateway, board, metrics, logger, clock });
  const source = await ports.startSource((records) => feed.take(records));
  let reading = true;
  const ended = source.done.finally(() => {
    reading = false;
  });
  const clients = () => hub.clients;
  const ends = () => source.ends();
  const status = new StatusService({ version, board, reads, clock, metrics, logger, clients, ends });
  const parts = { reads, intervals, hub, gateway, status, metrics, registry: ports.metrics, logger };
  const live = () => reading;
  const now = () => clock.now();
  const listener = await openListener(config, { ...parts, now, live }).catch(async (error: unknown) => {
    await source.stop(1000);
    await ended;
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
  return {
    name: "serve",
    url: listener.url,
    done: Promise.all([ended, timers]).then(() => undefined),
    async stop(deadlineMs) {
      stopping.abort();
      await Promise.all([source.stop(deadlineMs), listener.close(deadlineMs), timers]);
    },
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
