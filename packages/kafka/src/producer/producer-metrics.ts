import { CandlewickError, Counter, Gauge, Histogram, type Registry } from "@candlewick/runtime";

/** Batches of one topic that got their outcome. */
export interface BatchOutcome {
  readonly topic: string;
  readonly messages: number;
  readonly bytes: number;
  /** From the acceptance of its first message to the outcome. */
  readonly tookMs: number;
  readonly error: Error | null;
}

/** What a producer tells of itself; several producers of one registry share the same metrics. */
export class ProducerMetrics {
  readonly #messages: Counter<"topic">;
  readonly #bytes: Counter<"topic">;
  readonly #errors: Counter<"topic" | "code">;
  readonly #retries: Counter<"topic">;
  readonly #seconds: Histogram<"topic">;
  readonly #batchMessages: Histogram<"topic">;
  readonly #inFlight: Gauge;
  readonly #buffered: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
      known<Counter<Label>>(registry, name) ?? new Counter({ name, help, labelNames, registers });
    const gauge = (name: string, help: string): Gauge =>
      known<Gauge>(registry, name) ?? new Gauge({ name, help, registers });
    const histogram = (name: string, help: string, buckets: number[]): Histogram<"topic"> =>
      known<Histogram<"topic">>(registry, name) ??
      new Histogram({ name, help, labelNames: ["topic"], buckets, registers });
    this.#messages = counter("candlewick_producer_messages_total", "Messages that were acknowledged", [
      "topic",
    ]);
    this.#bytes = counter("candlewick_producer_sent_bytes_total", "Bytes of acknowledged messages", [
      "topic",
    ]);
    this.#errors = counter("candlewick_producer_errors_total", "Messages that failed for good, by code", [
      "topic",
      "code",
    ]);
    this.#retries = counter("candlewick_producer_retries_total", "Batches that were sent again", ["topic"]);
    this.#seconds = histogram(
      "candlewick_producer_delivery_seconds",
      "From a batch's first message to its acknowledgement",
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    );
    this.#batchMessages = histogram(
      "candlewick_producer_batch_messages",
      "Messages of a batch",
      [1, 4, 16, 64, 256, 1_024, 4_096, 16_384],
    );
    this.#inFlight = gauge("candlewick_producer_in_flight_messages", "Messages without an outcome");
    this.#buffered = gauge("candlewick_producer_buffered_bytes", "Memory of messages without an outcome");
  }

  taken(bytes: number): void {
    this.#inFlight.inc();
    this.#buffered.inc(bytes);
  }

  settled({ topic, messages, bytes, tookMs, error }: BatchOutcome): void {
    this.#inFlight.dec(messages);
    this.#buffered.dec(bytes);
    if (error !== null) {
      const code = error instanceof CandlewickError ? error.code : error.name;
      this.#errors.inc({ topic, code }, messages);
      return;
    }
    this.#messages.inc({ topic }, messages);
    this.#bytes.inc({ topic }, bytes);
    this.#seconds.observe({ topic }, tookMs / 1000);
    this.#batchMessages.observe({ topic }, messages);
  }

  retried(topic: string): void {
    this.#retries.inc({ topic });
  }
}

/** The metric that another producer of the same registry has registered. */
function known<Metric>(registry: Registry, name: string): Metric | undefined {
  return registry.getSingleMetric(name) as Metric | undefined;
}
