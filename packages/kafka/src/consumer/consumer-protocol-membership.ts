import { randomUUID } from "node:crypto";
import type { TopicPartition } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { backoffMs } from "../cluster/backoff.ts";
import { ask, CONSUMER_PROTOCOL_REQUEST } from "../cluster/broker-api.ts";
import { NOT_AUTHORISED } from "../cluster/catalogue.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Coordinator, type Generation } from "../cluster/coordinator.ts";
import { BrokerError, CODE, isRetriable, KAFKA_ERRORS, rootMessage } from "../cluster/errors.ts";
import type { CommitRequest } from "./group-offsets.ts";
import type { GroupSession } from "./group-session.ts";
import { timely } from "./heartbeat.ts";
import type { Holder, Membership } from "./membership.ts";
import { TopicIds } from "./topic-ids.ts";
import { whenAborted } from "./when-aborted.ts";

export interface ConsumerProtocolSettings {
  readonly groupId: string;
  /** The topics to read; asked at each heartbeat. */
  topics(): readonly string[];
  readonly groupInstanceId: string | null;
  /** The broker's assignor; null for its default. */
  readonly assignor: string | null;
  readonly heartbeatIntervalMs: number;
  /** After how long without an answer this member takes itself for put out. */
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** A partition by the id of its topic: a topic that was made anew is another one. */
interface Held extends TopicPartition {
  readonly topicId: string;
}

/** What the coordinator was told last, and need not be told again. */
interface Told {
  readonly topics: string;
  readonly held: string;
}

const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
/** Of a static member that will be back. */
const AWAY_EPOCH = -2;
const BACKOFF = { firstMs: 100, maxMs: 3_000 };
const PUT_OUT: ReadonlySet<number> = new Set([
  CODE.fencedMemberEpoch,
  CODE.unknownMemberId,
  CODE.groupIdNotFound,
]);

/**
 * Membership by the protocol of KIP-848: the coordinator assigns, and each heartbeat tells what this member is to hold.
 * What is not among it any more is given up, then told; only then the coordinator gives it to another. Nobody waits.
 */
export class ConsumerProtocolMembership implements Membership {
  readonly coordinator: Coordinator;
  readonly commitRequest: CommitRequest = CONSUMER_PROTOCOL_REQUEST.offsetCommit;
  readonly #cluster: Cluster;
  readonly #settings: ConsumerProtocolSettings;
  readonly #ids: TopicIds;
  readonly #memberId = randomUUID();
  #epoch = JOIN_EPOCH;
  #mayBeKnown = false;
  #told: Told | null = null;
  #held: readonly Held[] = [];
  #target: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] = [];
  #reconciling: Promise<void> | null = null;
  #isReported = false;
  /** Ends the pause before the next heartbeat. */
  #hurry = new AbortController();

  constructor(cluster: Cluster, settings: ConsumerProtocolSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#ids = new TopicIds(cluster);
    this.coordinator = new Coordinator(cluster, settings.groupId);
  }

  get generation(): Generation {
    return { memberId: this.#memberId, generationId: this.#epoch };
  }

  get isMember(): boolean {
    return this.#epoch > JOIN_EPOCH;
  }

  resubscribe(): void {
    this.#hurry.abort();
  }

  async run(holder: Holder, session: GroupSession): Promise<void> {
    const { clock } = this.#cluster;
    this.#begin();
    const closed = whenAborted(session.closed);
    let aliveMs = clock.monotonic();
    for (let failures = 0; !session.closed.aborted; ) {
      if (session.ended.aborted && !this.isMember) break;
      this.#hurry = new AbortController();
      let pauseMs = this.#settings.heartbeatIntervalMs;
      try {
        const intervalMs = await Promise.race([this.#heartbeat(), closed]);
        if (intervalMs === undefined) break;
        pauseMs = Math.min(pauseMs, intervalMs);
        aliveMs = clock.monotonic();
        failures = 0;
        this.#isReported = false;
        this.#reconcile(holder, session);
      } catch (error) {
        this.#told = null;
        const isSilent = clock.monotonic() - aliveMs > this.#settings.sessionTimeoutMs;
        if (this.isMember && (isSilent || isPutOut(error))) {
          session.end("lost", 0);
          break;
        }
        this.#judge(error);
        pauseMs = backoffMs(BACKOFF, failures++, this.#cluster.random);
      }
      const rest = AbortSignal.any([this.#hurry.signal, session.closed]);
      await clock.delay(pauseMs, rest).catch(() => {});
    }
    await this.#reconciling;
  }

  async leave(): Promise<void> {
    if (!this.#mayBeKnown) return;
    this.#mayBeKnown = false;
    const { groupId, groupInstanceId } = this.#settings;
    this.#epoch = groupInstanceId === null ? LEAVE_EPOCH : AWAY_EPOCH;
    const link = await this.coordinator.link();
    const request = CONSUMER_PROTOCOL_REQUEST.heartbeat;
    const { errorCode } = await ask(
      link,
      request,
      groupId,
      this.#memberId,
      this.#epoch,
      groupInstanceId,
      null,
      -1,
      null,
      null,
      null,
      null,
    );
    if (!PUT_OUT.has(errorCode)) this.coordinator.check(errorCode, "leaving");
  }

  #begin(): void {
    this.#epoch = JOIN_EPOCH;
    this.#told = null;
    this.#held = [];
    this.#target = [];
    this.#reconciling = null;
  }

  /** Tells what has changed, and takes note of the answer. Resolves with the pause that the coordinator wishes. */
  async #heartbeat(): Promise<number> {
    const { groupId, groupInstanceId, assignor, rebalanceTimeoutMs, sessionTimeoutMs } = this.#settings;
    const topics = [...this.#settings.topics()];
    const held = this.#held;
    const telling: Told = { topics: topics.join(), held: held.map(nameOf).join() };
    const told = this.#told;
    this.#mayBeKnown = true;
    const answer = await timely(this.#cluster, sessionTimeoutMs, async () =>
      ask(
        await this.coordinator.link(),
        CONSUMER_PROTOCOL_REQUEST.heartbeat,
        groupId,
        this.#memberId,
        this.#epoch,
        groupInstanceId,
        null,
        told === null ? rebalanceTimeoutMs : -1,
        told?.topics === telling.topics ? null : topics,
        null,
        told === null ? assignor : null,
        told?.held === telling.held ? null : byTopicId(held),
      ),
    );
    this.coordinator.check(answer.errorCode, `sending a heartbeat to`);
    this.#told = telling;
    this.#epoch = answer.memberEpoch;
    if (answer.assignment !== null) this.#target = answer.assignment.topicPartitions;
    return answer.heartbeatIntervalMs;
  }

  /** Brings what is held to the target, while heartbeats go on; a target that comes meanwhile is next. */
  #reconcile(holder: Holder, session: GroupSession): void {
    this.#reconciling ??= this.#approach(holder, session).finally(() => {
      this.#reconciling = null;
    });
  }

  async #approach(holder: Holder, session: GroupSession): Promise<void> {
    while (!session.ended.aborted) {
      const target = await this.#named();
      const gone = lacking(this.#held, target);
      const fresh = lacking(target, this.#held);
      if (session.ended.aborted || (gone.length === 0 && fresh.length === 0)) return;
      if (gone.length > 0) {
        await holder.release(gone);
        if (session.ended.aborted) return;
        this.#held = lacking(this.#held, gone);
      }
      if (fresh.length > 0) {
        holder.take(fresh);
        this.#held = [...this.#held, ...fresh];
      }
      this.#hurry.abort();
    }
  }

  /** The target with names; without topics that nobody can name yet, which are looked for again after a heartbeat. */
  async #named(): Promise<Held[]> {
    if (this.#target.some(({ topicId }) => this.#ids.nameOf(topicId) === undefined)) {
      await this.#ids.lookUp(this.#settings.topics()).catch((error: unknown) => {
        const { logger } = this.#cluster.connection;
        logger.warn("could not look up the topics that were assigned; trying again", {
          reason: rootMessage(error),
        });
      });
    }
    return this.#target.flatMap(({ topicId, partitions }) => {
      const topic = this.#ids.nameOf(topicId);
      return topic === undefined ? [] : partitions.map((partition) => ({ topicId, topic, partition }));
    });
  }

  /** Throws for what cannot pass by itself; tells the rest once. */
  #judge(error: unknown): void {
    const isTaken = error instanceof BrokerError && error.brokerCode === CODE.unreleasedInstanceId;
    if (!isTaken && !isRetriable(error) && !isPutOut(error)) throw this.#refusal(error);
    if (!isTaken) this.coordinator.forget();
    if (this.#isReported) return;
    this.#isReported = true;
    const text = isTaken
      ? "another member has this groupInstanceId; waiting until it is gone"
      : "a heartbeat was not answered; trying again";
    const { logger } = this.#cluster.connection;
    logger.warn(text, { group: this.#settings.groupId, reason: rootMessage(error) });
  }

  #refusal(error: unknown): unknown {
    if (!(error instanceof BrokerError) || NOT_AUTHORISED.has(error.brokerCode)) return error;
    return new CandlewickError(
      KAFKA_ERRORS.refused,
      `Kafka does not let this client into the group ${this.#settings.groupId} (${error.message}).`,
      "Use another group id, or correct the assignor and the groupInstanceId.",
      { cause: error },
    );
  }
}

function isPutOut(error: unknown): boolean {
  return error instanceof BrokerError && PUT_OUT.has(error.brokerCode);
}

function nameOf({ topicId, partition }: Held): string {
  return `${topicId}:${partition}`;
}

/** Those of the first that are not among the second. */
function lacking(held: readonly Held[], others: readonly Held[]): Held[] {
  const names = new Set(others.map(nameOf));
  return held.filter((one) => !names.has(nameOf(one)));
}

function byTopicId(held: readonly Held[]) {
  return [...Map.groupBy(held, ({ topicId }) => topicId)].map(([topicId, ones]) => ({
    topicId,
    partitions: ones.map(({ partition }) => partition),
  }));
}
