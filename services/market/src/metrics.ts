import { Counter, Gauge, type Registry } from "@candlewick/runtime";

/** What market counts. */
export interface MarketMetrics {
  readonly trades: Counter<"outcome">;
  readonly published: Counter<"topic">;
  readonly publishErrors: Counter<"topic">;
  readonly rejected: Counter<"topic">;
  readonly snapshots: Counter;
  readonly pairs: Gauge;
}

export function marketMetrics(registry: Registry): MarketMetrics {
  const registers = [registry];
  return {
    trades: new Counter({
      name: "candlewick_market_trades_total",
      help: "Trades by what became of them in the live view.",
      labelNames: ["outcome"],
      registers,
    }),
    published: new Counter({
      name: "candlewick_market_published_messages_total",
      help: "Messages that Kafka acknowledged.",
      labelNames: ["topic"],
      registers,
    }),
    publishErrors: new Counter({
      name: "candlewick_market_publish_errors_total",
      help: "Live messages that could not be published; the durable candles are not concerned.",
      labelNames: ["topic"],
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
    pairs: new Gauge({ name: "candlewick_market_pairs", help: "Pairs in the live view.", registers }),
  };
}
