import { MAX_MESSAGE_BYTES } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { Cluster, type TopicLayout } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { clientClosed, KAFKA_ERRORS } from "../cluster/errors.ts";
import type { Delivery, OutgoingMessage } from "../record/message.ts";
import { type BatchRecord, type Compression, recordSizeBound } from "../record/record-batch.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { PendingMessage } from "./partition-queue.ts";
import { Sender } from "./sender.ts";
import { TopicRouter } from "./topic-router.ts";

/** Publishes messages: acknowledged by all in-sync replicas, idempotent, in order per partition. */
export interface Producer {
  /** Resolves once the message is acknowledged. Concurrent sends are accumulated into batches. */
  send(message: OutgoingMessage): Promise<Delivery>;
  /**
   * Resolves when the message is taken into the bounded buffer; when that is full it waits or fails, as
   * configured. `onResult` is called once with the outcome of a message that was taken.
   */
  enqueue(
    message: OutgoingMessage,
    onResult?: (error: Error | null, delivery: Delivery | null) => void,
  ): Promise<void>;
  /** Resolves when all that was taken before has its outcome; rejects when `timeoutMs` passes first. */
  flush(timeoutMs?: number): Promise<void>;
  /** Takes no more, flushes, and lets go of the connections. What the deadline cuts off is rejected. */
  close(timeoutMs?: number): Promise<void>;
}

/** Settings of a producer; the defaults are safe. */
export interface ProducerOptions {
  /** Attempts after the first one; 3 by default. */
  readonly retries?: number;
  /** Pause before each of them; 100 ms by default. */
  readonly retryBackoffMs?: number;
  /** How long the first message of a request waits for company; 0 by default, which is the current turn of the loop. */
  readonly lingerMs?: number;
  /** Bytes of a batch of more than one message; 1,000,000 by default (brokers refuse more than 1 MiB). */
  readonly maxBatchBytes?: number;
  /** The largest key and value together, 10 MiB and 1 KiB by default. */
  readonly maxMessageBytes?: number;
  /** Memory of all messages that have no outcome yet; 32 MiB by default. */
  readonly maxBufferBytes?: number;
  /** What `send` and `enqueue` do when the buffer is full; "wait" by default. */
  readonly whenFull?: "wait" | "fail";
  readonly compression?: Compression;
}

type Outcome = (error: Error | null, delivery: Delivery | null) => void;

const CLOSE_TIMEOUT_MS = 30_000;

/** Connects. Throws KAFKA_UNREACHABLE where no broker answers. */
export async function createProducer(
  connection: KafkaConnection,
  options: ProducerOptions = {},
): Promise<Producer> {
  return new BatchingProducer(await Cluster.connect(connection), options);
}

class BatchingProducer implements Producer {
  readonly #cluster: Cluster;
  readonly #maxMessageBytes: number;
  readonly #whenFull: "wait" | "fail";
  readonly #budget: MemoryBudget;
  readonly #router: TopicRouter;
  readonly #sender: Sender;
  readonly #pending = new Set<PendingMessage>();
  /** Told whenever a message has got its outcome. */
  readonly #watchers = new Set<(message: PendingMessage) => void>();
  #closed = false;

  constructor(cluster: Cluster, options: ProducerOptions) {
    this.#cluster = cluster;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES + 1024;
    this.#whenFull = options.whenFull ?? "wait";
    // A message that is allowed must fit, or it would wait for ever.
    this.#budget = new MemoryBudget(Math.max(options.maxBufferBytes ?? 32 << 20, 2 * this.#maxMessageBytes));
    const settings = {
      retries: options.retries ?? 3,
      retryBackoffMs: options.retryBackoffMs ?? 100,
      lingerMs: options.lingerMs ?? 0,
      maxRequestBytes: this.#maxMessageBytes,
      compression: options.compression ?? "none",
    };
    this.#router = new TopicRouter(cluster, {
      ...settings,
      maxBatchBytes: options.maxBatchBytes ?? 1_000_000,
      onQueued: (queue) => this.#sender.wake(queue),
    });
    this.#sender = new Sender(cluster, settings, {
      layoutOf: (topic): TopicLayout | undefined => this.#router.layoutOf(topic),
      relocate: (topics) => this.#router.relocate(topics),
    });
  }

  send(message: OutgoingMessage): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      const outcome: Outcome = (error, delivery) => {
        if (delivery === null) reject(error);
        else resolve(delivery);
      };
      this.#accept(message, outcome, () => {}, reject);
    });
  }

  enqueue(message: OutgoingMessage, onResult: Outcome = () => {}): Promise<void> {
    return new Promise((resolve, reject) => this.#accept(message, onResult, resolve, reject));
  }

  async flush(timeoutMs?: number): Promise<void> {
    const open = new Set(this.#pending);
    if (open.size === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watch = (message: PendingMessage): void => {
      if (open.delete(message) && open.size === 0) resolve();
    };
    this.#watchers.add(watch);
    const waiting = new AbortController();
    if (timeoutMs !== undefined) {
      const expire = (): void => reject(deadlinePassed(open.size, timeoutMs));
      this.#cluster.clock.delay(timeoutMs, waiting.signal).then(expire, () => {});
    }
    try {
      await promise;
    } finally {
      waiting.abort();
      this.#watchers.delete(watch);
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
      const error = deadlinePassed(this.#pending.size, timeoutMs);
      for (const message of this.#pending) message.settle(error, -1, -1n);
      await this.#cluster.close();
    }
  }

  #accept(
    message: OutgoingMessage,
    outcome: Outcome,
    taken: () => void,
    refused: (error: Error) => void,
  ): void {
    const problem = this.#problem(message);
    if (problem !== null) {
      refused(problem);
      return;
    }
    const record = recordOf(message, this.#cluster.clock.now());
    const bytes = recordSizeBound(record);
    if (this.#whenFull === "fail" && !this.#budget.hasRoom(bytes)) {
      refused(bufferFull(this.#budget));
      return;
    }
    const take = (): void => {
      taken();
      this.#router.route(this.#pend(message, record, bytes, outcome));
    };
    this.#budget.acquire(bytes, take, refused);
  }

  #pend(message: OutgoingMessage, record: BatchRecord, bytes: number, outcome: Outcome): PendingMessage {
    const { topic } = message;
    const pending: PendingMessage = {
      record,
      bytes,
      topic,
      partition: message.partition,
      settle: (error, partition, offset) => {
        if (!this.#pending.delete(pending)) return;
        this.#tell(outcome, error, error === null ? { topic, partition, offset } : null);
        for (const watch of this.#watchers) watch(pending);
        this.#budget.release(bytes);
      },
    };
    this.#pending.add(pending);
    return pending;
  }

  #tell(outcome: Outcome, error: Error | null, delivery: Delivery | null): void {
    try {
      outcome(error, delivery);
    } catch (cause) {
      // The message has its outcome; that the caller failed on hearing it must not stop the others.
      this.#cluster.connection.logger.error("a delivery callback failed", { ...delivery, error: cause });
    }
  }

  #problem({ topic, key, value, partition, timestampMs }: OutgoingMessage): Error | null {
    if (this.#closed) return clientClosed("producer");
    const bytes = (key?.length ?? 0) + (value?.length ?? 0);
    if (bytes > this.#maxMessageBytes) {
      const limit = `exceeds the limit of ${this.#maxMessageBytes} bytes`;
      return badMessage(`A message of ${bytes} bytes for ${topic} ${limit}.`, "Split it into parts.");
    }
    if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
      return badMessage(`${topic} has no partition ${partition}.`, "Use a whole number from 0 on.");
    }
    if (timestampMs !== undefined && !(Number.isSafeInteger(timestampMs) && timestampMs >= 0)) {
      return badMessage(`${timestampMs} is not a time.`, "Use whole milliseconds since the epoch.");
    }
    return null;
  }
}

function badMessage(what: string, advice: string): CandlewickError {
  return new CandlewickError(ERRORS.badInput, what, advice);
}

function recordOf(message: OutgoingMessage, nowMs: number): BatchRecord {
  const headers = Object.entries(message.headers ?? {}).map(
    ([name, value]) => [Buffer.from(name), typeof value === "string" ? Buffer.from(value) : value] as const,
  );
  return {
    key: message.key,
    value: message.value,
    headers,
    timestampMs: message.timestampMs ?? Math.floor(nowMs),
  };
}

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
