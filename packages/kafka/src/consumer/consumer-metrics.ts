import { Counter, Gauge, type Registry } from "@candlewick/runtime";
import type { ConsumerTotals } from "./consumer-totals.ts";
import type { DeliverySession } from "./delivery-session.ts";

/** Where the figures of one consumer come from. */
export interface MetricsSource {
  totals(): ConsumerTotals;
  session(): DeliverySession | null;
  stalledMs(): number;
  nowMs(): number;
}

type Sources = Map<string, MetricsSource>;

/** The consumers of each registry; those of one registry share the metrics and differ by the label `group`. */
const SOURCES = new WeakMap<Registry, Sources>();

/** Adds a consumer's figures to the registry, until the function that it returns is called. */
export function startConsumerMetrics(registry: Registry, group: string, source: MetricsSource): () => void {
  let sources = SOURCES.get(registry);
  if (sources === undefined) {
    sources = new Map();
    SOURCES.set(registry, sources);
    registerTotals(registry, sources);
    registerState(registry, sources);
    registerPartitions(registry, sources);
  }
  const known = sources;
  known.set(group, source);
  return () => {
    if (known.get(group) === source) known.delete(group);
  };
}

function registerTotals(registry: Registry, sources: Sources): void {
  new Counter({
    name: "candlewick_consumer_records_total",
    help: "Records by what became of them: handled, moved to a retry topic, parked behind another, dead, or left out",
    labelNames: ["group", "outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [group, source] of sources) {
        const { handled, retried, parked, dead, skipped } = source.totals();
        for (const [outcome, count] of Object.entries({ handled, retried, parked, dead, ...skipped }))
          this.inc({ group, outcome }, count);
      }
    },
  });
  new Counter({
    name: "candlewick_consumer_in_place_retries_total",
    help: "Attempts that failed for a while and were repeated in place",
    labelNames: ["group"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [group, source] of sources) this.inc({ group }, source.totals().failedInPlace);
    },
  });
}

function registerState(registry: Registry, sources: Sources): void {
  const gauge = (name: string, help: string, value: (source: MetricsSource) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["group"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [group, source] of sources) this.set({ group }, value(source));
      },
    });
  };
  const partitions = (source: MetricsSource) => [...(source.session()?.delivery.partitions() ?? [])];
  gauge("candlewick_consumer_running_handlers", "Handlers that run now", (source) => {
    return source.session()?.delivery.running ?? 0;
  });
  gauge(
    "candlewick_consumer_window_records",
    "Records from the first unfinished one of each partition on",
    (source) => partitions(source).reduce((sum, { tracker }) => sum + tracker.records, 0),
  );
  gauge("candlewick_consumer_window_bytes", "The memory of those records", (source) =>
    partitions(source).reduce((sum, { tracker }) => sum + tracker.bytes, 0),
  );
  gauge(
    "candlewick_consumer_stalled_seconds",
    "For how long work has waited and nothing was finished",
    (source) => {
      return source.stalledMs() / 1_000;
    },
  );
  gauge("candlewick_consumer_assigned_partitions", "Partitions that this member has", (source) => {
    return partitions(source).length;
  });
}

function registerPartitions(registry: Registry, sources: Sources): void {
  const labelNames = ["group", "topic", "partition"];
  new Gauge({
    name: "candlewick_consumer_lag_records",
    help: "Records of the log that are not finished, as of the last fetch",
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const [group, source] of sources) {
        for (const { topic, partition, lag } of source.session()?.lags(source.nowMs()) ?? [])
          this.set({ group, topic, partition: String(partition) }, Number(lag.records));
      }
    },
  });
  new Gauge({
    name: "candlewick_consumer_lag_seconds",
    help: "The age of the oldest record that is not finished",
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const [group, source] of sources) {
        for (const { topic, partition, lag } of source.session()?.lags(source.nowMs()) ?? [])
          this.set({ group, topic, partition: String(partition) }, lag.seconds);
      }
    },
  });
}
