import { badOptions } from "../delivery/delivery-errors.ts";
import type { DeliverySettings } from "../delivery/delivery-events.ts";
import { type FailureKind, failureKind } from "../delivery/failure-kind.ts";
import type { CommitPolicy } from "./commit-loop.ts";
import type { BatchOptions, ConsumerOptions, HandlerModule, RecordHandler } from "./consumer-options.ts";
import { batchCall, type HandlerCall, recordCall } from "./handler-call.ts";
import { ThreadPool } from "./thread-pool.ts";

/** The options of a consumer with defaults in place of what was left out. */
export interface ConsumerPlan {
  readonly options: ConsumerOptions;
  readonly call: HandlerCall;
  classify(error: unknown): FailureKind;
  readonly order: "key" | "none";
  readonly delaysMs: readonly number[];
  readonly settings: Omit<DeliverySettings, "levels" | "maxWindowBytes">;
  readonly commit: CommitPolicy;
  readonly maxInFlightBytes: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly topicRefreshMs: number;
  readonly moveTimeoutMs: number;
  readonly stallReportMs: number;
  /** Lets go of the threads. */
  close(): Promise<void>;
}

const DEFAULT_DELAYS_MS = [5_000, 30_000, 180_000];
const MAX_RETRY_TOPICS = 20;
/** About what a fetch brings of a partition: what waits longer only fills the heap. */
const READ_AHEAD_RECORDS = 1_500;

/** Throws BAD_CONSUMER_OPTIONS for options that cannot be. */
export function planOf(options: ConsumerOptions): ConsumerPlan {
  const { retry = {}, batch } = options;
  const delaysMs = options.onFailure === "stop" ? [] : (retry.delaysMs ?? DEFAULT_DELAYS_MS);
  const concurrency = options.concurrency ?? 30;
  check(options, delaysMs, concurrency);
  const order = options.order ?? "key";
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
  const pool = poolOf(options.handler);
  return {
    options,
    call: callOf(options, pool),
    classify: (error) => options.classify?.(error) ?? failureKind(error),
    order,
    delaysMs,
    settings: {
      groupId: options.groupId,
      parallelism: options.parallelism ?? "key",
      concurrency,
      order,
      delaysMs,
      jitter: retry.jitter ?? 0.2,
      batch: {
        maxRecords: batch === undefined ? 1 : (batch.maxRecords ?? 500),
        maxBytes: batch?.maxBytes ?? 1 << 20,
        lingerMs: batch?.lingerMs ?? 0,
      },
      maxWindowRecords: options.maxInFlightRecords ?? 10_000,
      // In larger batches there is room for what waits.
      readAheadRecords: batch === undefined ? READ_AHEAD_RECORDS : Number.POSITIVE_INFINITY,
      backoff: { firstMs: retry.backoffMs ?? 100, maxMs: retry.maxBackoffMs ?? 30_000 },
      transientForMs: retry.transientForMs ?? Number.POSITIVE_INFINITY,
      onFailure: options.onFailure ?? "dead-letter",
      random: Math.random,
    },
    commit: commitPolicy(options),
    maxInFlightBytes: options.maxInFlightBytes ?? 64 << 20,
    sessionTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? Math.min(1_000, sessionTimeoutMs / 3),
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    topicRefreshMs: options.topicRefreshMs ?? 30_000,
    moveTimeoutMs: options.moveTimeoutMs ?? 60_000,
    stallReportMs: options.stallReportMs ?? 60_000,
    close: () => pool?.close() ?? Promise.resolve(),
  };
}

function commitPolicy({ commit }: ConsumerOptions): CommitPolicy {
  const never = Number.POSITIVE_INFINITY;
  if (commit === "manual") return { intervalMs: never, everyRecords: never };
  return { intervalMs: commit?.intervalMs ?? 1_000, everyRecords: commit?.everyRecords ?? 5_000 };
}

function poolOf(handler: ConsumerOptions["handler"]): ThreadPool | null {
  return isModule(handler) ? new ThreadPool(handler.module, handler.threads ?? 2) : null;
}

function isModule(handler: RecordHandler | HandlerModule | undefined): handler is HandlerModule {
  return typeof handler === "object";
}

function callOf({ handler, batch }: ConsumerOptions, pool: ThreadPool | null): HandlerCall {
  if (pool !== null) return (ticket, context) => pool.call(ticket, context);
  if (typeof handler === "function") return recordCall(handler);
  if (batch !== undefined) return batchCall(batch.handler);
  throw badOptions("A consumer needs a handler or a batch handler.", "Give one of the two.");
}

function check(options: ConsumerOptions, delaysMs: readonly number[], concurrency: number): void {
  if ((options.handler === undefined) === (options.batch === undefined))
    throw badOptions("A consumer needs a handler or a batch handler.", "Give exactly one of the two.");
  if (options.topics.length === 0) throw badOptions("A consumer needs topics.", "Name at least one.");
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw badOptions(`A concurrency of ${concurrency} cannot be.`, "Use a whole number from 1 on.");
  if (delaysMs.length > MAX_RETRY_TOPICS || delaysMs.some((delayMs) => !(delayMs >= 0)))
    throw badOptions("The delays of retries cannot be.", `Use up to ${MAX_RETRY_TOPICS}, each from 0 ms on.`);
  const { batch = {} as Partial<BatchOptions>, maxInFlightRecords = 1 } = options;
  const bounds = [
    batch.maxRecords ?? 1,
    batch.maxBytes ?? 1,
    maxInFlightRecords,
    options.maxInFlightBytes ?? 1,
  ];
  if (bounds.some((bound) => !(bound >= 1)))
    throw badOptions("A bound below 1 lets nothing through.", "Use larger bounds, or leave them out.");
}
