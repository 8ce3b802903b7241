import { Counter, Gauge, type Registry } from "@candlewick/runtime";

/** What market counts. */
export interface MarketMetrics {
  readonly trades: Counter<"outcome">;
  readonly blocks: Counter<"outcome">;
  readonly rejected: Counter<"topic">;
  readonly published: Counter<"topic">;
  readonly publishErrors: Counter<"topic">;
  readonly snapshots: Counter;
  readonly failures: Counter;
  readonly republished: Counter;
  readonly disputesDropped: Counter;
  readonly pairs: Gauge;
}

export function marketMetrics(registry: Registry): MarketMetrics {
  return { ...inputs(registry), ...outputs(registry) };
}

function inputs(registry: Registry) {
  const registers = [registry];
  return {
    trades: new Counter({
      name: "candlewick_market_trades_total",
      help: "Trades by what became of them in the live view.",
      labelNames: ["outcome"],
      registers,
    }),
    blocks: new Counter({
      name: "candlewick_market_blocks_total",
      help: "Block records by what they did; unlocated: it is not known any more which candles to publish anew.",
      labelNames: ["outcome"],
      registers,
    }),
    rejected: new Counter({
      name: "candlewick_market_rejected_records_total",
      help: "Records that cannot be read; dataflow sends them to the dead-letter topic.",
      labelNames: ["topic"],
      registers,
    }),
    snapshots: new Counter({
      name: "candlewick_market_snapshots_total",
      help: "How often the live view was made anew from PostgreSQL.",
      registers,
    }),
    failures: new Counter({
      name: "candlewick_market_failures_total",
      help: "How often Kafka or PostgreSQL failed the live view; it is made anew.",
      registers,
    }),
    pairs: new Gauge({ name: "candlewick_market_pairs", help: "Pairs in the live view.", registers }),
  } as const;
}

function outputs(registry: Registry) {
  const registers = [registry];
  return {
    published: new Counter({
      name: "candlewick_market_published_messages_total",
      help: "Messages that Kafka acknowledged.",
      labelNames: ["topic"],
      registers,
    }),
    publishErrors: new Counter({
      name: "candlewick_market_publish_errors_total",
      help: "Live messages that were not acknowledged; their candles are published again.",
      labelNames: ["topic"],
      registers,
    }),
    republished: new Counter({
      name: "candlewick_market_republished_candles_total",
      help: "Candles that were published from PostgreSQL because the live view does not hold them.",
      registers,
    }),
    disputesDropped: new Counter({
      name: "candlewick_market_dropped_disputes_total",
      help: "Changes of old candles beyond the limit: readers see them when they load the candles again.",
      registers,
    }),
  } as const;
}
