import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Logger, Service } from "@candlewick/runtime";
import { type Backoff, backoffMs, persistently } from "../cluster/backoff.ts";
import { catalogued } from "../cluster/catalogue.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { mayPass, rootMessage } from "../cluster/errors.ts";
import { edgeOffsets, partitionsOf } from "../cluster/offset-lookup.ts";
import { type Attempted, type AttemptSettings, attempt } from "./batch-attempts.ts";
import { Fetcher } from "./fetcher.ts";
import type { GroupConsumerOptions } from "./group-consumer-options.ts";
import { GroupMember } from "./group-member.ts";
import { GroupSession } from "./group-session.ts";
import { beat } from "./heartbeat.ts";
import { OffsetCommitter } from "./offset-committer.ts";
import { rangeAssignor } from "./range-assignor.ts";
import { settlesWithin } from "./settles-within.ts";
import { type LossPolicy, type Start, startPositions } from "./start-position.ts";

export interface GroupConsumer extends Service {
  assignment(): readonly TopicPartition[];
  /** Records between what was handled and the end of the log, per assigned partition. */
  lag(): Promise<ReadonlyMap<string, bigint>>;
}

/**
 * Connects and joins the group in the background. Throws KAFKA_UNREACHABLE or UNKNOWN_TOPIC; what goes wrong
 * later is told by `done`.
 */
export async function startGroupConsumer(
  connection: KafkaConnection,
  options: GroupConsumerOptions,
): Promise<GroupConsumer> {
  const cluster = await Cluster.connect(connection);
  try {
    await partitionsOf(cluster, options.topics);
    return new BatchGroupConsumer(cluster, options);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

class BatchGroupConsumer implements GroupConsumer {
  readonly name: string;
  readonly done: Promise<void>;
  readonly #cluster: Cluster;
  readonly #options: GroupConsumerOptions;
  readonly #logger: Logger;
  readonly #member: GroupMember;
  readonly #backoff: Backoff;
  readonly #loss: LossPolicy;
  readonly #sessionTimeoutMs: number;
  readonly #rebalanceTimeoutMs: number;
  readonly #stopping = new AbortController();
  #session: GroupSession | null = null;
  #assignment: readonly TopicPartition[] = [];
  #handled = new Map<string, bigint>();
  /** Batches thrown away one after the other because somebody else had the offsets. */
  #fencings = 0;

  constructor(cluster: Cluster, options: GroupConsumerOptions) {
    this.name = `consumer of ${options.groupId}`;
    this.#cluster = cluster;
    this.#options = options;
    this.#logger = cluster.connection.logger.child({ group: options.groupId });
    this.#backoff = { firstMs: options.retryBackoffMs ?? 100, maxMs: options.maxRetryBackoffMs ?? 30_000 };
    this.#loss = { acceptLoss: options.acceptLostOffsets ?? false };
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
    this.#rebalanceTimeoutMs = options.rebalanceTimeoutMs ?? 60_000;
    this.#member = new GroupMember(cluster, {
      groupId: options.groupId,
      topics: () => options.topics,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      assignor: rangeAssignor,
    });
    this.done = this.#run();
    // Whoever waits for `done` hears of a failure; nobody has to.
    this.done.catch(() => {});
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  async lag(): Promise<ReadonlyMap<string, bigint>> {
    const handled = new Map(this.#handled);
    const partitions = this.#assignment.filter((partition) => handled.has(partitionName(partition)));
    const ends = await edgeOffsets(this.#cluster, "end", partitions, { signal: this.#stopping.signal });
    return new Map([...ends].map(([name, end]) => [name, end - (handled.get(name) ?? end)]));
  }

  async stop(deadlineMs: number): Promise<void> {
    // The commit and the farewell need a little of the time as well.
    const reserveMs = Math.min(2_000, deadlineMs / 4);
    this.#stopping.abort(new Error("the consumer was stopped"));
    this.#session?.end("stopped", deadlineMs - reserveMs);
    // What ended it with an error is told by `done`.
    const done = this.done.catch(() => {});
    if (await settlesWithin(this.#cluster.clock, deadlineMs - reserveMs / 2, done)) return;
    this.#logger.warn("the consumer did not stop in time; its batch comes again after the restart");
    await settlesWithin(this.#cluster.clock, reserveMs / 2, this.#leave());
    await this.#cluster.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      while (!signal.aborted) {
        const reason = await this.#oneSession();
        if (reason !== "fenced") continue;
        await this.#leave();
        const pauseMs = backoffMs(this.#backoff, this.#fencings++, this.#cluster.random);
        await this.#cluster.clock.delay(pauseMs, signal).catch(() => {});
      }
    } catch (error) {
      // A stop while joining is no failure.
      if (!signal.aborted || error !== signal.reason) throw catalogued(error, this.#cluster.connection);
    } finally {
      this.#stopping.abort();
      await this.#leave();
      await this.#cluster.close();
    }
  }

  async #leave(): Promise<void> {
    try {
      // What hangs there would hold up the farewell behind it.
      await this.#cluster.disconnect("coordinator");
      await this.#member.cut();
      await this.#member.leave();
    } catch (error) {
      this.#logger.warn(
        "could not leave the group; its partitions are taken over after the session timeout",
        {
          reason: rootMessage(error),
        },
      );
    }
  }

  /** From joining until the partitions are given up again. Rejects with what ends the consumer. */
  async #oneSession(): Promise<GroupSession["reason"]> {
    const { signal } = this.#stopping;
    const assigned = await this.#join(signal);
    const session = new GroupSession(this.#cluster.clock);
    this.#session = session;
    this.#assignment = assigned;
    this.#logger.info("partitions assigned", { partitions: assigned.map(partitionName) });
    const heartbeats = this.#beat(session);
    const committer = new OffsetCommitter(this.#member.coordinator, this.#member.generation, this.#logger);
    try {
      if (signal.aborted) session.end("stopped", 0);
      await this.#consume(session, committer);
      if (session.reason !== "lost") await committer.flush();
    } catch (error) {
      session.end("failed", 0);
      await committer.flush();
      throw error;
    } finally {
      session.close();
      await heartbeats;
      this.#session = null;
      this.#assignment = [];
      this.#handled = new Map();
      this.#logger.info("partitions given up", {
        reason: session.reason,
        partitions: assigned.map(partitionName),
      });
      if (assigned.length > 0) this.#options.onRevoked?.(assigned);
    }
    return session.reason;
  }

  async #join(signal: AbortSignal): Promise<TopicPartition[]> {
    // The answer to a join comes when all members have joined; a stop does not wait for it.
    const cut = (): void => void this.#member.cut();
    signal.addEventListener("abort", cut, { once: true });
    try {
      return await this.#member.join(signal);
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  async #beat(session: GroupSession): Promise<void> {
    const settings = {
      topics: () => this.#options.topics,
      intervalMs: this.#options.heartbeatIntervalMs ?? Math.min(1_000, this.#sessionTimeoutMs / 3),
      sessionTimeoutMs: this.#sessionTimeoutMs,
    };
    const graceMs = this.#rebalanceTimeoutMs * 0.8;
    const onEnd = (reason: "rebalance" | "lost"): void => {
      session.end(reason, reason === "lost" ? 0 : graceMs);
    };
    await beat(this.#cluster, this.#member, settings, onEnd, session.closed);
  }

  async #consume(session: GroupSession, committer: OffsetCommitter): Promise<void> {
    const positions = await this.#positions(session);
    if (positions === null) return;
    this.#handled = new Map(positions);
    const fetcher = new Fetcher(this.#cluster, positions, {
      isolation: "read_committed",
      maxBufferBytes: this.#options.maxBufferBytes ?? 32 << 20,
      relocate: async (partition, wanted) => {
        const found = await startPositions(this.#cluster, [partition], () => wanted, this.#loss, {
          signal: session.ended,
        });
        return found.get(partitionName(partition)) ?? wanted;
      },
    });
    const close = (): void => void fetcher.close();
    session.ended.addEventListener("abort", close, { once: true });
    try {
      if (session.ended.aborted) return;
      await this.#handleBatches(fetcher, session, committer);
    } finally {
      await fetcher.close();
    }
  }

  async #handleBatches(fetcher: Fetcher, session: GroupSession, committer: OffsetCommitter): Promise<void> {
    const { maxBatchRecords, maxBatchBytes } = this.#options;
    while (!session.ended.aborted) {
      const records = await fetcher.take(maxBatchRecords, maxBatchBytes);
      if (records.length === 0) return;
      const handle = (): Promise<void> => this.#options.onBatch(records, session.givenUp);
      const outcome = await attempt("a batch", handle, this.#attempts(session));
      if (!this.#went(outcome, session)) return;
      this.#fencings = 0;
      for (const record of records) this.#handled.set(partitionName(record), record.offset + 1n);
      if (session.reason !== "lost") committer.handled(records);
    }
  }

  /** Where to go on; null when the session ended before it was known. */
  async #positions(session: GroupSession): Promise<Map<string, bigint> | null> {
    const partitions = this.#assignment;
    const ask = (): Promise<ReadonlyMap<string, bigint>> => this.#options.resume(partitions);
    const outcome = await attempt("reading the stored offsets", ask, this.#attempts(session));
    if (!this.#went(outcome, session)) return null;
    const stored = outcome.result;
    const unknown = partitions.filter((partition) => !stored.has(partitionName(partition)));
    // Brokers that are away end the session by its heartbeats, not the consumer.
    const passes = mayPass;
    const persistence = { attempts: Number.POSITIVE_INFINITY, signal: session.ended, passes };
    try {
      const committed =
        unknown.length === 0
          ? new Map<string, bigint>()
          : await persistently(this.#cluster, persistence, () => this.#member.coordinator.committed(unknown));
      const startOf = (partition: TopicPartition): Start => {
        const name = partitionName(partition);
        return stored.get(name) ?? committed.get(name) ?? this.#options.start;
      };
      return await startPositions(this.#cluster, partitions, startOf, this.#loss, persistence);
    } catch (error) {
      if (session.ended.aborted) return null;
      throw error;
    }
  }

  #went<Result>(
    outcome: Attempted<Result>,
    session: GroupSession,
  ): outcome is Extract<Attempted<Result>, { kind: "done" }> {
    if (outcome.kind === "done") return true;
    if (outcome.kind === "refresh") {
      this.#logger.warn("the batch was thrown away; joining again", { reason: outcome.error.message });
      session.end("fenced", 0);
    }
    return false;
  }

  #attempts(session: GroupSession): AttemptSettings {
    return {
      pace: this.#cluster,
      backoff: this.#backoff,
      logger: this.#logger,
      stop: session.ended,
      abandoned: session.givenUp,
    };
  }
}
