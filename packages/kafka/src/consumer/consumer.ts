import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Logger, Service } from "@candlewick/runtime";
import { backoffMs } from "../cluster/backoff.ts";
import { catalogued } from "../cluster/catalogue.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { rootMessage } from "../cluster/errors.ts";
import { edgeOffsets } from "../cluster/offset-lookup.ts";
import { createProducer, type Producer } from "../producer/producer.ts";
import { topicFamily } from "../retry/retry-topic.ts";
import { startConsumerMetrics } from "./consumer-metrics.ts";
import type { ConsumerOptions, Lag } from "./consumer-options.ts";
import { type ConsumerPlan, planOf } from "./consumer-plan.ts";
import { ConsumerTotals } from "./consumer-totals.ts";
import { DeliverySession } from "./delivery-session.ts";
import { GroupSession, type SessionEnd } from "./group-session.ts";
import { type Holder, type Membership, without } from "./membership.ts";
import { membershipOf, requireProtocol } from "./membership-choice.ts";
import { ensureRetryTopics, retryTopicNames } from "./retry-topics.ts";
import { settlesWithin } from "./settles-within.ts";
import { StallWatch } from "./stall-watch.ts";
import { selectTopics } from "./topic-selection.ts";

/** A member of a consumer group that runs handlers and takes care of what fails. */
export interface Consumer extends Service {
  assignment(): readonly TopicPartition[];
  /** Stops handing out records of these partitions of a topic, and of their retries; what runs may finish. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Commits all that is finished. Rejects with COMMIT_REFUSED when it does not go through. */
  commit(): Promise<void>;
  /** What is ahead of each assigned partition, by `partitionName`. Asks the brokers. */
  lag(): Promise<ReadonlyMap<string, Lag>>;
  /** What became of records since the start. */
  totals(): ConsumerTotals;
}

/**
 * Connects, sees to the retry topics, and joins the group in the background. Throws KAFKA_UNREACHABLE,
 * UNKNOWN_TOPIC, RETRY_TOPICS_MISMATCH or BAD_CONSUMER_OPTIONS; what goes wrong later is told by `done`.
 */
export async function startConsumer(
  connection: KafkaConnection,
  options: ConsumerOptions,
): Promise<Consumer> {
  const plan = planOf(options);
  let cluster: Cluster | null = null;
  let producer: Producer | null = null;
  try {
    await plan.prepare();
    cluster = await Cluster.connect(connection);
    await requireProtocol(cluster, plan.groupProtocol);
    producer = await createProducer(connection);
    const consumer = new HandlingConsumer(cluster, producer, plan);
    await consumer.prepare();
    consumer.begin();
    return consumer;
  } catch (error) {
    await plan.close();
    await producer?.close(0).catch(() => {});
    await cluster?.close();
    throw catalogued(error, connection);
  }
}

const PRODUCER_CLOSE_MS = 5_000;
const WATCH_MS = 1_000;
const SCATTERED_BACKOFF = { firstMs: 500, maxMs: 10_000 };

class HandlingConsumer implements Consumer, Holder {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #producer: Producer;
  readonly #plan: ConsumerPlan;
  readonly #logger: Logger;
  readonly #membership: Membership;
  readonly #stopping = new AbortController();
  readonly #stall: StallWatch;
  readonly #totals = new ConsumerTotals();
  readonly #paused = new Set<string>();
  /** Partitions that were started at `offset` although there was a commit. */
  readonly #begun = new Set<string>();
  #sources: readonly string[] = [];
  #subscription: readonly string[] = [];
  #levels = 0;
  #group: GroupSession | null = null;
  #session: DeliverySession | null = null;
  #assignment: readonly TopicPartition[] = [];
  #scattered = 0;
  #done: Promise<void> = Promise.resolve();
  #endMetrics: () => void = () => {};

  constructor(cluster: Cluster, producer: Producer, plan: ConsumerPlan) {
    const { options } = plan;
    this.name = `consumer of ${options.groupId}`;
    this.#cluster = cluster;
    this.#producer = producer;
    this.#plan = plan;
    this.#logger = cluster.connection.logger.child({ group: options.groupId });
    this.#stall = new StallWatch(cluster.clock, this.#logger, plan.stallReportMs, (stall) =>
      options.onStall?.(stall),
    );
    // Where a group shares partitions out one by one, the retries of one follow it.
    const topics = (): readonly string[] => (plan.isIncremental ? this.#sources : this.#subscription);
    this.#membership = membershipOf(cluster, plan, topics);
  }

  get done(): Promise<void> {
    return this.#done;
  }

  /** Finds the topics, and creates what they need for retries. */
  async prepare(): Promise<void> {
    const { options, delaysMs } = this.#plan;
    const sources = await selectTopics(this.#cluster, options.topics);
    let retries: string[] = [];
    if (options.onFailure !== "stop" || delaysMs.length > 0) {
      this.#levels = await ensureRetryTopics(this.#cluster, {
        topics: sources,
        retries: delaysMs.length,
        create: options.createTopics ?? true,
      });
      const existing = new Set(await this.#cluster.topicNames());
      retries = sources.flatMap((topic) => retryTopicNames(topic, this.#levels, existing));
    }
    // Both at once: a member asks for a topic only when its retries are known.
    this.#sources = sources;
    this.#subscription = [...sources, ...retries];
  }

  begin(): void {
    this.#done = this.#run();
    // Whoever waits for `done` hears of a failure; nobody has to.
    this.#done.catch(() => {});
    void this.#watch();
    if (this.#plan.options.metrics !== undefined) {
      this.#endMetrics = startConsumerMetrics(this.#plan.options.metrics, this.#plan.options.groupId, {
        totals: () => this.totals(),
        session: () => this.#session,
        stalledMs: () => this.#stall.stalledMs,
        nowMs: () => this.#cluster.clock.now(),
      });
    }
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  totals(): ConsumerTotals {
    return this.#totals.with(this.#session?.delivery.counts ?? null);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#paused.add(partitionName(partition));
      this.#session?.pause(partitionName(partition));
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#paused.delete(partitionName(partition));
      this.#session?.resume(partitionName(partition));
    }
  }

  async commit(): Promise<void> {
    await this.#session?.commit();
  }

  async lag(): Promise<ReadonlyMap<string, Lag>> {
    const partitions = [...(this.#session?.delivery.partitions() ?? [])];
    const persistence = { signal: this.#stopping.signal };
    const ends = await edgeOffsets(this.#cluster, "end", partitions, persistence, this.#plan.isolation);
    const nowMs = this.#cluster.clock.now();
    return new Map(
      partitions.map((partition) => {
        const records = (ends.get(partition.name) ?? 0n) - BigInt(partition.tracker.next);
        const seconds = records <= 0n ? 0 : partition.ageMs(nowMs) / 1_000;
        return [partition.name, { records: records < 0n ? 0n : records, seconds }];
      }),
    );
  }

  async stop(deadlineMs: number): Promise<void> {
    // The commit and the farewell need a little of the time as well.
    const reserveMs = Math.min(2_000, deadlineMs / 4);
    this.#stopping.abort(new Error("the consumer was stopped"));
    this.#group?.end("stopped", deadlineMs - reserveMs);
    // What ended it with an error is told by `done`.
    const done = this.#done.catch(() => {});
    if (await settlesWithin(this.#cluster.clock, deadlineMs - reserveMs / 2, done)) return;
    this.#logger.warn("the consumer did not stop in time; what is in hand comes again after the restart");
    await this.#session?.commit().catch(() => {});
    await settlesWithin(this.#cluster.clock, reserveMs / 2, this.#leave());
    await this.#release();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      while (!signal.aborted) {
        // After all that was read is to be read in another way, as a new member.
        if ((await this.#oneSession()) === "rebalance") await this.#leave();
      }
    } catch (error) {
      throw catalogued(error, this.#cluster.connection);
    } finally {
      this.#stopping.abort();
      await this.#leave();
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    this.#endMetrics();
    await this.#plan.close();
    await this.#producer.close(PRODUCER_CLOSE_MS).catch((error: unknown) => {
      this.#logger.warn("moves were cut off; their records come again", { reason: rootMessage(error) });
    });
    await this.#cluster.close();
  }

  async #leave(): Promise<void> {
    try {
      // What hangs there would hold up the farewell behind it.
      await this.#cluster.disconnect("coordinator");
      await this.#membership.leave();
    } catch (error) {
      const reason = rootMessage(error);
      const text = "could not leave the group; its partitions are taken over after the session timeout";
      this.#logger.warn(text, { reason });
    }
  }

  async accepts(assigned: readonly TopicPartition[]): Promise<boolean> {
    const missing = this.#plan.isIncremental ? null : this.#missingRetries(assigned);
    if (missing === null) {
      this.#scattered = 0;
      return true;
    }
    await this.#leave();
    await this.#explain(missing);
    // A topic that has grown has outgrown its retry topics.
    await this.#refreshTopics();
    await this.#pauseScattered();
    return false;
  }

  take(given: readonly TopicPartition[]): void {
    const partitions = this.#withRetries(given);
    if (partitions.length === 0) return;
    this.#assignment = [...this.#assignment, ...partitions];
    this.#logger.info("partitions assigned", { partitions: partitions.map(partitionName) });
    this.#session?.take(partitions);
    this.#plan.options.onAssigned?.(partitions);
  }

  async release(taken: readonly TopicPartition[]): Promise<void> {
    const partitions = this.#withRetries(taken);
    if (partitions.length === 0) return;
    await this.#session?.release(partitions, this.#graceMs);
    // What is lost or given up with the whole session is told when that is over.
    if (this.#group?.ended.aborted !== false) return;
    this.#letGo(partitions, "rebalance");
  }

  #letGo(partitions: readonly TopicPartition[], reason: SessionEnd): void {
    for (const partition of partitions) this.#begun.add(partitionName(partition));
    this.#assignment = without(this.#assignment, partitions);
    this.#logger.info("partitions given up", { reason, partitions: partitions.map(partitionName) });
    if (partitions.length > 0)
      this.#plan.options.onRevoked?.(partitions, reason === "lost" ? "lost" : "revoked");
  }

  /** A rebalance waits for handlers so long, and no longer than leaves time for the commit. */
  get #graceMs(): number {
    return this.#plan.rebalanceTimeoutMs * 0.8;
  }

  /** Partitions that the group has named, with the same ones of their retry topics. */
  #withRetries(partitions: readonly TopicPartition[]): readonly TopicPartition[] {
    if (!this.#plan.isIncremental) return partitions;
    return partitions.flatMap(({ topic, partition }) =>
      this.#familyTopics(topic).map((name) => ({ topic: name, partition })),
    );
  }

  /** Waits until the retry topics have the partitions that their topics have. */
  async #seeToRetries(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    if (!this.#plan.isIncremental || this.#levels === 0) return;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    for (;;) {
      signal.throwIfAborted();
      const layouts = await this.#cluster.layouts(topics).catch(() => null);
      const isThere = ({ topic, partition }: TopicPartition): boolean =>
        partition < (layouts?.get(topic)?.leaders.length ?? 0);
      if (partitions.every(isThere)) return;
      await this.#refreshTopics();
      await this.#pauseScattered();
    }
  }

  async #pauseScattered(): Promise<void> {
    const pauseMs = backoffMs(SCATTERED_BACKOFF, this.#scattered++, this.#cluster.random);
    await this.#cluster.clock.delay(pauseMs, this.#stopping.signal).catch(() => {});
  }

  /**
   * A partition of a topic or of its retries that did not come with the others of its number; null where all did.
   * Records move among them, and order by key needs them at the same member, which range assignment gives to
   * equal subscriptions.
   */
  #missingRetries(assigned: readonly TopicPartition[]): TopicPartition | null {
    const names = new Set(assigned.map(partitionName));
    for (const { topic, partition } of assigned) {
      for (const name of this.#familyTopics(this.#sourceOf(topic)))
        if (!names.has(partitionName({ topic: name, partition }))) return { topic: name, partition };
    }
    return null;
  }

  async #explain(missing: TopicPartition): Promise<void> {
    const { topic, partition } = missing;
    // Where nobody can tell now, the next join shows it again.
    const layouts = await this.#cluster.layouts([topic]).catch(() => null);
    const exists = layouts === null || partition < (layouts.get(topic)?.leaders.length ?? 0);
    const reason = exists
      ? "another member has a partition that belongs with ours; joining again until all members agree"
      : "a topic has more partitions than its retry topics; joining again once they have as many";
    this.#logger.warn(reason, { ...missing });
  }

  #sourceOf(topic: string): string {
    return this.#sources.includes(topic) ? topic : topicFamily(topic).topic;
  }

  #familyTopics(source: string): string[] {
    return this.#subscription.filter((name) => this.#sourceOf(name) === source);
  }

  /** From joining until the group is left, or goes on without this member. Rejects with what ends the consumer. */
  async #oneSession(): Promise<SessionEnd> {
    const group = new GroupSession(this.#cluster.clock);
    this.#group = group;
    if (this.#stopping.signal.aborted) group.end("stopped", 0);
    const session = new DeliverySession(this.#parts(), group);
    this.#session = session;
    const membership = this.#membership.run(this, group).catch((error: unknown) => session.fail(error));
    try {
      await session.run();
    } finally {
      group.close();
      await membership;
      this.#totals.add(session.delivery.counts);
      this.#session = null;
      this.#group = null;
      const reason = group.reason ?? "failed";
      if (this.#assignment.length > 0) this.#letGo(this.#assignment, reason);
    }
    return group.reason ?? "failed";
  }

  #parts() {
    const { options, ...plan } = this.#plan;
    // Topics may get more of them while partitions are held.
    const levels = (): number => this.#levels;
    return {
      ...plan,
      cluster: this.#cluster,
      member: this.#membership,
      producer: this.#producer,
      logger: this.#logger,
      settings: {
        ...plan.settings,
        get levels() {
          return levels();
        },
        random: this.#cluster.random,
        maxWindowBytes: plan.maxInFlightBytes,
      },
      paused: this.#paused,
      groupInstanceId: options.groupInstanceId ?? null,
      offset: options.offset ?? "first",
      ignoresCommitted: (name: string) => options.ignoreCommitted === true && !this.#begun.has(name),
      loss: { acceptLoss: options.acceptLostOffsets ?? false },
      sources: { has: (topic: string) => this.#sources.includes(topic) },
      prepare: (partitions: readonly TopicPartition[], signal: AbortSignal) =>
        this.#seeToRetries(partitions, signal),
    };
  }

  /** Looks for stalls, and for new topics where expressions were given. Never rejects. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.#cluster;
    const hasExpressions = this.#plan.options.topics.some((topic) => topic instanceof RegExp);
    let refreshedMs = clock.monotonic();
    while (!signal.aborted) {
      await clock.delay(WATCH_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const session = this.#session;
      const waits = session === null || !this.#membership.isMember || session.waits();
      this.#stall.look(this.totals().finished, waits, session?.delivery ?? null);
      if (!hasExpressions || clock.monotonic() - refreshedMs < this.#plan.topicRefreshMs) continue;
      refreshedMs = clock.monotonic();
      await this.#refreshTopics();
    }
  }

  async #refreshTopics(): Promise<void> {
    try {
      const before = this.#subscription.join();
      const retries = new Map(this.#sources.map((topic) => [topic, this.#familyTopics(topic).join()]));
      await this.prepare();
      if (this.#subscription.join() === before) return;
      this.#logger.info("the topics have changed; joining again", { topics: this.#sources });
      const isKept = this.#sources.every(
        (topic) => !retries.has(topic) || retries.get(topic) === this.#familyTopics(topic).join(),
      );
      if (isKept || !this.#plan.isIncremental) this.#membership.resubscribe();
      else this.#group?.end("rebalance", this.#graceMs);
    } catch (error) {
      this.#logger.warn("could not see to the topics; trying again", { reason: rootMessage(error) });
    }
  }
}
