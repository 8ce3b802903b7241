import { badOptions } from "../delivery/delivery-errors.ts";
import type { DeliverySettings } from "../delivery/delivery-events.ts";
import { type FailureKind, failureKind } from "../delivery/failure-kind.ts";
import type { Isolation } from "../record/isolation.ts";
import type { CommitPolicy } from "./commit-loop.ts";
import type { ConsumerOptions, GroupAssignor, HandlerModule, RecordHandler } from "./consumer-options.ts";
import { batchCall, type HandlerCall, recordCall } from "./handler-call.ts";
import { checkOptions } from "./option-rules.ts";
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
  readonly groupProtocol: "classic" | "consumer";
  /** Null for the broker's default. */
  readonly assignor: GroupAssignor | null;
  /** Whether partitions come and go one by one. */
  readonly isIncremental: boolean;
  readonly maxInFlightBytes: number;
  readonly isolation: Isolation;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly topicRefreshMs: number;
  readonly moveTimeoutMs: number;
  readonly stallReportMs: number;
  /** Loads the module that handles in threads. Throws BAD_CONSUMER_OPTIONS where it cannot be loaded. */
  prepare(): Promise<void>;
  /** Lets go of the threads. */
  close(): Promise<void>;
}

const DEFAULT_DELAYS_MS = [5_000, 30_000, 180_000];
/** Range is what members of every version know, so that one that is new can join those that are there. */
const DEFAULT_ASSIGNOR = { classic: "range", consumer: null } as const;
/** In the new protocol the broker decides: this is its default. */
const DEFAULT_SESSION_MS = { classic: 10_000, consumer: 45_000 } as const;
/** What a partition has ready while handlers are busy: a record that waits for longer outlives the young heap. */
const READ_AHEAD_RECORDS = 100;

/** Throws BAD_CONSUMER_OPTIONS for options that cannot be. */
export function planOf(options: ConsumerOptions): ConsumerPlan {
  checkOptions(options);
  const { retry = {}, batch } = options;
  const delaysMs = options.onFailure === "stop" ? [] : (retry.delaysMs ?? DEFAULT_DELAYS_MS);
  const concurrency = options.concurrency ?? 30;
  const order = options.order ?? "key";
  const groupProtocol = options.groupProtocol ?? "classic";
  const assignor = options.assignor ?? DEFAULT_ASSIGNOR[groupProtocol];
  const sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_MS[groupProtocol];
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
    groupProtocol,
    assignor,
    isIncremental: groupProtocol === "consumer" || assignor === "cooperative-sticky",
    maxInFlightBytes: options.maxInFlightBytes ?? 64 << 20,
    isolation: options.isolation ?? "read_committed",
    sessionTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? Math.min(1_000, sessionTimeoutMs / 3),
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    topicRefreshMs: options.topicRefreshMs ?? 30_000,
    moveTimeoutMs: options.moveTimeoutMs ?? 60_000,
    stallReportMs: options.stallReportMs ?? 60_000,
    prepare: () => pool?.prepare() ?? Promise.resolve(),
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
