import { Counter, Gauge, Histogram, type Registry } from "@candlewick/runtime";
import type { Hub } from "./hub.ts";

/** Why a connection was ended from here. */
export type DropReason = "slow" | "too-many" | "silent" | "flood" | "broken";

/** What serve counts; every discard has its reason. */
export interface ServeMetrics {
  readonly messagesSent: Counter;
  readonly recordsRead: Counter<"topic">;
  readonly recordsRejected: Counter<"topic">;
  readonly clientsDropped: Counter<"reason">;
  readonly snapshotsFailed: Counter;
  readonly statusFailed: Counter;
  readonly requestSeconds: Histogram<"route" | "status">;
}

/** Registers the metrics of serve. */
export function serveMetrics(registry: Registry, hub: Hub): ServeMetrics {
  const registers = [registry];
  new Gauge({
    name: "serve_websocket_clients",
    help: "WebSocket connections",
    registers,
    collect() {
      this.set(hub.clients);
    },
  });
  new Gauge({
    name: "serve_websocket_subscriptions",
    help: "Subscriptions of all connections",
    registers,
    collect() {
      this.set(hub.subscriptions);
    },
  });
  let counted: Readonly<Record<string, number>> = {};
  new Counter({
    name: "serve_live_discarded_total",
    help: "Live messages that were not handed on, by reason",
    labelNames: ["reason"] as const,
    registers,
    collect() {
      for (const [reason, total] of Object.entries(hub.discards)) {
        this.inc({ reason }, total - (counted[reason] ?? 0));
      }
      counted = { ...hub.discards };
    },
  });
  return {
    messagesSent: new Counter({
      name: "serve_websocket_messages_sent_total",
      help: "WebSocket messages handed to connections",
      registers,
    }),
    recordsRead: new Counter({
      name: "serve_kafka_records_read_total",
      help: "Kafka records read, by topic",
      labelNames: ["topic"] as const,
      registers,
    }),
    recordsRejected: new Counter({
      name: "serve_kafka_records_rejected_total",
      help: "Kafka records that violate their contract, by topic",
      labelNames: ["topic"] as const,
      registers,
    }),
    clientsDropped: new Counter({
      name: "serve_websocket_clients_dropped_total",
      help: "Connections ended by the server, by reason",
      labelNames: ["reason"] as const,
      registers,
    }),
    snapshotsFailed: new Counter({
      name: "serve_snapshots_failed_total",
      help: "Snapshots that could not be read from the store",
      registers,
    }),
    statusFailed: new Counter({
      name: "serve_status_failed_total",
      help: "Times that the store could not tell its progress",
      registers,
    }),
    requestSeconds: new Histogram({
      name: "serve_http_request_duration_seconds",
      help: "Time from a request to its answer",
      labelNames: ["route", "status"] as const,
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
  };
}
