import { Counter, Gauge, Histogram, type Registry } from "@candlewick/runtime";

/**
 * What dataflow counts; the names are part of the product (dashboards and alerts use them).
 * received = trades of all outcomes + skipped + rejected.
 */
export interface DataflowMetrics {
  readonly fetched: Counter<"topic">;
  readonly received: Counter;
  readonly trades: Counter<"outcome">;
  readonly skipped: Counter<"reason">;
  readonly rejected: Counter<"reason">;
  readonly unpriced: Counter;
  readonly deadLetters: Counter<"topic">;
  readonly batchRecords: Histogram;
  readonly checkpointSeconds: Histogram;
  readonly blockToCandleSeconds: Histogram;
  readonly lagRecords: Gauge<"topic" | "partition">;
}

export function dataflowMetrics(registry: Registry): DataflowMetrics {
  return { ...counters(registry), ...distributions(registry) };
}

function counters(registry: Registry) {
  const registers = [registry];
  return {
    fetched: new Counter({
      name: "dataflow_kafka_consumer_fetch",
      help: "Records fetched from Kafka.",
      labelNames: ["topic"],
      registers,
    }),
    received: new Counter({
      name: "candlewick_dataflow_received_trades_total",
      help: "Trades that were read; a record that cannot be read counts as one.",
      registers,
    }),
    trades: new Counter({
      name: "candlewick_dataflow_trades_total",
      help: "Trades by what became of them: applied, late, retracted, duplicate.",
      labelNames: ["outcome"],
      registers,
    }),
    skipped: new Counter({
      name: "candlewick_dataflow_skipped_trades_total",
      help: "Trades that are not stored, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    rejected: new Counter({
      name: "candlewick_dataflow_rejected_records_total",
      help: "Records that can never be processed, by reason, once their offset is stored.",
      labelNames: ["reason"],
      registers,
    }),
    unpriced: new Counter({
      name: "candlewick_dataflow_unpriced_trades_total",
      help: "Trades with a zero side, repeats included: they are stored and count in no candle.",
      registers,
    }),
    deadLetters: new Counter({
      name: "candlewick_dataflow_dead_letters_total",
      help: "Records sent to the dead-letter topic; after a crash one may be sent again.",
      labelNames: ["topic"],
      registers,
    }),
  } as const;
}

function distributions(registry: Registry) {
  const registers = [registry];
  return {
    batchRecords: new Histogram({
      name: "candlewick_dataflow_batch_records",
      help: "Records of a checkpoint.",
      buckets: [1, 5, 20, 100, 500, 2_000, 10_000],
      registers,
    }),
    checkpointSeconds: new Histogram({
      name: "candlewick_dataflow_checkpoint_seconds",
      help: "Time of a checkpoint's transaction.",
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    blockToCandleSeconds: new Histogram({
      name: "candlewick_dataflow_block_to_candle_seconds",
      help: "From a block's time to its candles in PostgreSQL (block times are whole seconds).",
      buckets: [0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300],
      registers,
    }),
    lagRecords: new Gauge({
      name: "candlewick_dataflow_lag_records",
      help: "Records between what is stored and the end of the log, of the partitions that are ours.",
      labelNames: ["topic", "partition"],
      registers,
    }),
  } as const;
}
