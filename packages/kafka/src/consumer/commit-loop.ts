import type { Logger } from "@candlewick/runtime";
import type { Cluster } from "../cluster/cluster.ts";
import { BrokerError, CODE, isRetriable, rootMessage } from "../cluster/errors.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { CommittableOffset } from "../delivery/partition-delivery.ts";
import { commitOffsets } from "./group-offsets.ts";
import type { Membership } from "./membership.ts";

/** When offsets are committed by themselves; never where both are infinite. */
export interface CommitPolicy {
  readonly intervalMs: number;
  readonly everyRecords: number;
}

export interface CommitLoopOptions extends CommitPolicy {
  /** Whose commits they are; asked for each. */
  readonly member: Pick<Membership, "coordinator" | "generation" | "commitRequest">;
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly logger: Logger;
  /** A commit without an answer for so long has failed; its connection is dropped. */
  readonly timeoutMs: number;
  /** The broker refuses commits for a reason that will not pass. */
  onRefused(error: Error): void;
}

/** Answers that mean that the group goes on without this member; its heartbeats notice by themselves. */
const OUTDATED: ReadonlySet<number> = new Set([
  CODE.illegalGeneration,
  CODE.unknownMemberId,
  CODE.rebalanceInProgress,
  CODE.staleMemberEpoch,
]);
/** Answers that may only mean that the group has gone on with this member, which is about to hear of it. */
const MOVED_ON: ReadonlySet<number> = new Set([
  CODE.illegalGeneration,
  CODE.rebalanceInProgress,
  CODE.staleMemberEpoch,
]);
const MOVED_ON_ATTEMPTS = 20;
const MOVED_ON_PAUSE_MS = 50;
/**
 * How often what is committed is committed again although nothing is new: brokers forget the offsets of topics that
 * the group is not subscribed to, as retry topics may be, after `offsets.retention.minutes` (a week).
 */
const RENEWAL_MS = 6 * 3_600_000;
const METADATA_TOO_LARGE = 12;

/**
 * Commits what is finished, one request at a time. A commit that fails for now is repeated with the next one:
 * that can only cause repetition, never loss.
 */
export class CommitLoop {
  readonly #cluster: Cluster;
  readonly #delivery: Delivery;
  readonly #options: CommitLoopOptions;
  readonly #closing = new AbortController();
  #underWay: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;
  #uncommitted = 0;
  #withMetadata = true;
  #isStarted = false;
  /** Why the last commits did not go through, which is told once; null where the last one did. */
  #trouble: string | null = null;

  constructor(cluster: Cluster, delivery: Delivery, options: CommitLoopOptions) {
    this.#cluster = cluster;
    this.#delivery = delivery;
    this.#options = options;
  }

  get #isAutomatic(): boolean {
    return Number.isFinite(this.#options.intervalMs) || Number.isFinite(this.#options.everyRecords);
  }

  /** Commits the starting points, lest "last" be somewhere else after a rebalance, then goes by the policy. */
  start(): void {
    this.#tryNow();
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (Number.isFinite(this.#options.intervalMs)) void this.#repeat();
    void this.#renew();
  }

  /** Commits what is finished, where commits are automatic: before partitions are given up. Never rejects. */
  async settle(): Promise<void> {
    if (this.#isStarted && this.#isAutomatic) await this.#attempt();
  }

  /** So many more records were handled. */
  count(records: number): void {
    this.#uncommitted += records;
    if (this.#uncommitted >= this.#options.everyRecords) this.#tryNow();
  }

  /** Commits what is finished now; joins a request that has not begun. Rejects when it fails. */
  now(): Promise<void> {
    this.#uncommitted = 0;
    // How the one under way ends is told to whoever asked for it.
    const settled = this.#underWay.catch(() => {});
    this.#queued ??= settled.then(() => {
      this.#queued = null;
      this.#underWay = this.#commit();
      return this.#underWay;
    });
    return this.#queued;
  }

  /** Ends with a last commit of what is finished, where commits are automatic and still ours. Never rejects. */
  async close(isMember: boolean): Promise<void> {
    this.#closing.abort();
    if (isMember) await this.settle();
    await this.#underWay.catch(() => {});
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#cluster.clock.delay(this.#options.intervalMs, signal).catch(() => {});
      if (!signal.aborted) await this.#attempt();
    }
  }

  async #renew(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#cluster.clock.delay(RENEWAL_MS, signal).catch(() => {});
      for (const partition of this.#delivery.partitions()) partition.committed(null);
    }
  }

  #tryNow(): void {
    void this.#attempt();
  }

  async #attempt(): Promise<void> {
    try {
      await this.now();
      this.#trouble = null;
    } catch (error) {
      if (error instanceof BrokerError && !isRetriable(error)) {
        if (OUTDATED.has(error.brokerCode)) return;
        this.#options.onRefused(error);
        return;
      }
      const reason = rootMessage(error);
      const level = reason === this.#trouble ? "debug" : "warn";
      this.#trouble = reason;
      this.#options.logger[level]("offsets were not committed; nothing is lost", { reason });
    }
  }

  async #commit(): Promise<void> {
    const found = this.#delivery.committable();
    const offsets = this.#withMetadata ? found : found.map(withoutMetadata);
    if (offsets.length === 0) return;
    const answered = new AbortController();
    const drop = (): Promise<void> => this.#cluster.disconnect("coordinator");
    const watch = this.#cluster.clock.delay(this.#options.timeoutMs, answered.signal).then(drop, () => {});
    try {
      await this.#send(offsets);
      this.#delivery.committed(found);
    } catch (error) {
      if (!(error instanceof BrokerError) || error.brokerCode !== METADATA_TOO_LARGE) throw error;
      // A broker with a smaller limit than Kafka's default: what is finished out of order will come again.
      this.#withMetadata = false;
      await this.#send(found.map(withoutMetadata));
      this.#delivery.committed(found);
    } finally {
      answered.abort();
      await watch;
    }
  }

  /** A commit that crosses a rebalance in which this member stays is sent again. */
  async #send(offsets: readonly CommittableOffset[]): Promise<void> {
    const { member, groupId, groupInstanceId } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const { coordinator, generation, commitRequest } = member;
      try {
        await commitOffsets(coordinator, groupId, groupInstanceId, generation, offsets, commitRequest);
        return;
      } catch (error) {
        const mayPass = error instanceof BrokerError && MOVED_ON.has(error.brokerCode);
        if (!mayPass || attempt >= MOVED_ON_ATTEMPTS) throw error;
      }
      await this.#cluster.clock.delay(MOVED_ON_PAUSE_MS);
    }
  }
}

function withoutMetadata(offset: CommittableOffset): CommittableOffset {
  return { ...offset, metadata: "" };
}
