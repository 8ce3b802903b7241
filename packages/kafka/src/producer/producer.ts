import { CandlewickError } from "@candlewick/runtime";
import { Cluster, type TopicLayout } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { clientClosed, KAFKA_ERRORS } from "../cluster/errors.ts";
import type { Delivery } from "../record/message.ts";
import { headersSizeBound } from "../record/record-batch.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { kindProblem, type MessageInput } from "./message-input.ts";
import { type Outcome, PendingMessage, PendingMessages } from "./pending-message.ts";
import { ProducerMetrics } from "./producer-metrics.ts";
import {
  type DeliveryReport,
  type ProducerOptions,
  type ProducerSettings,
  problemOf,
  producerSettings,
} from "./producer-options.ts";
import { Sender } from "./sender.ts";
import { TopicRouter } from "./topic-router.ts";

/** Publishes messages: acknowledged by all in-sync replicas, idempotent, in order per partition. */
export interface Producer {
  /** Resolves once the message is acknowledged. Concurrent sends are accumulated into batches. */
  send(message: MessageInput): Promise<Delivery>;
  /**
   * Resolves when the message is taken into the bounded buffer; when that is full it waits or fails, as
   * configured. `onResult` is called once with the outcome of a message that was taken.
   */
  enqueue(
    message: MessageInput,
    onResult?: (error: Error | null, delivery: Delivery | null) => void,
  ): Promise<void>;
  /** Resolves when all that was taken before has its outcome; rejects when `timeoutMs` passes first. */
  flush(timeoutMs?: number): Promise<void>;
  /** Takes no more, flushes, and lets go of the connections. What the deadline cuts off is rejected. */
  close(timeoutMs?: number): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 30_000;
const TAKEN = Promise.resolve();

/** Connects. Throws KAFKA_UNREACHABLE where no broker answers, USAGE for an option out of its range. */
export async function createProducer(
  connection: KafkaConnection,
  options: ProducerOptions = {},
): Promise<Producer> {
  const settings = producerSettings(options);
  return new BatchingProducer(await Cluster.connect(connection), settings, options);
}

class BatchingProducer implements Producer {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #budget: MemoryBudget;
  readonly #router: TopicRouter;
  readonly #sender: Sender;
  readonly #pending: PendingMessages;
  readonly #metrics: ProducerMetrics | null;
  readonly #onDelivery: ((report: DeliveryReport) => void) | null;
  #closed = false;

  constructor(cluster: Cluster, settings: ProducerSettings, options: ProducerOptions) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#budget = new MemoryBudget(settings.maxBufferBytes);
    this.#metrics = options.metrics === undefined ? null : new ProducerMetrics(options.metrics);
    this.#onDelivery = options.onDelivery ?? null;
    this.#pending = new PendingMessages((message, error, delivery) =>
      this.#settled(message, error, delivery),
    );
    this.#router = new TopicRouter(cluster, {
      ...settings,
      onQueued: (queue) => this.#sender.wake(queue),
    });
    const layouts = {
      layoutOf: (topic: string): TopicLayout | undefined => this.#router.layoutOf(topic),
      relocate: (topics: readonly string[]): Promise<void> => this.#router.relocate(topics),
    };
    this.#sender = new Sender(cluster, settings, layouts, (topic) => this.#metrics?.retried(topic));
  }

  send(message: MessageInput): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      const outcome: Outcome = (error, delivery) => {
        if (delivery === null) reject(error);
        else resolve(delivery);
      };
      this.#accept(message, outcome)?.catch(reject);
    });
  }

  enqueue(message: MessageInput, onResult: Outcome = ignore): Promise<void> {
    return this.#accept(message, onResult) ?? TAKEN;
  }

  async flush(timeoutMs?: number): Promise<void> {
    const { done, stop } = this.#pending.untilSettled();
    if (timeoutMs === undefined) return done;
    const waiting = new AbortController();
    const expired = this.#cluster.clock.delay(timeoutMs, waiting.signal).then(
      () => {
        throw deadlinePassed(this.#pending.count, timeoutMs);
      },
      () => {},
    );
    try {
      await Promise.race([done, expired]);
    } finally {
      waiting.abort();
      stop();
    }
  }

  async close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.dissolve(clientClosed("producer"));
    try {
      await this.flush(timeoutMs);
    } finally {
      this.#sender.stop();
      this.#router.stop();
      this.#pending.fail(deadlinePassed(this.#pending.count, timeoutMs));
      await this.#cluster.close();
    }
  }

  /** Null: taken at once. Else a promise that resolves when it is taken, or rejects with why it is not. */
  #accept(message: MessageInput, outcome: Outcome): Promise<void> | null {
    if (this.#closed) return Promise.reject(clientClosed("producer"));
    const wrongKind = kindProblem(message);
    if (wrongKind !== null) return Promise.reject(wrongKind);
    const timestampMs = message.timestampMs ?? Math.floor(this.#cluster.clock.now());
    const pending = new PendingMessage(this.#pending, message, timestampMs, outcome);
    const { bytes, headers } = pending;
    const problem = problemOf(pending, headersSizeBound(headers), this.#settings.maxMessageBytes);
    if (problem !== null) return Promise.reject(problem);
    if (this.#budget.tryAcquire(bytes)) {
      this.#take(pending);
      return null;
    }
    if (this.#settings.whenFull === "fail") return Promise.reject(bufferFull(this.#budget));
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        resolve();
        this.#take(pending);
      };
      this.#budget.acquire(bytes, grant, reject);
    });
  }

  #take(message: PendingMessage): void {
    this.#pending.add(message);
    if (this.#isWatched) message.takenMs = this.#cluster.clock.monotonic();
    this.#metrics?.taken(message.bytes);
    this.#router.route(message);
  }

  /** Whether somebody is told of every message. */
  get #isWatched(): boolean {
    return this.#onDelivery !== null || this.#metrics !== null;
  }

  #settled(message: PendingMessage, error: Error | null, delivery: Delivery | null): void {
    try {
      message.outcome(error, delivery);
    } catch (cause) {
      this.#callbackFailed(cause, delivery);
    }
    if (this.#isWatched) this.#report(message, error, delivery);
    this.#budget.release(message.bytes);
  }

  #report(
    { topic, key, bytes, takenMs }: PendingMessage,
    error: Error | null,
    delivery: Delivery | null,
  ): void {
    const tookMs = this.#cluster.clock.monotonic() - takenMs;
    this.#metrics?.settled({ topic, messages: 1, bytes, tookMs, error });
    try {
      this.#onDelivery?.({ topic, key, bytes, tookMs, error, delivery });
    } catch (cause) {
      this.#callbackFailed(cause, delivery);
    }
  }

  /** The message has its outcome; that the caller failed on hearing it must not stop the others. */
  #callbackFailed(cause: unknown, delivery: Delivery | null): void {
    this.#cluster.connection.logger.error("a delivery callback failed", { ...delivery, error: cause });
  }
}

function ignore(): void {}

function bufferFull(budget: MemoryBudget): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.bufferFull,
    `The producer's buffer of ${budget.limitBytes} bytes is full.`,
    "Send more slowly, or give it more memory.",
  );
}

function deadlinePassed(count: number, timeoutMs: number): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.deadlinePassed,
    `${count} message(s) were not acknowledged within ${timeoutMs} ms.`,
    "Check the brokers and send them again; whether they were written is not known.",
  );
}
