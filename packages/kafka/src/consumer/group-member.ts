import type { TopicPartition } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  decodeCooperativeStickyGeneration,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  type joinGroupV7,
} from "@platformatic/kafka";
import { backoffMs } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import { INSTANCE_IS_TAKEN, NOT_AUTHORISED } from "../cluster/catalogue.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Coordinator, type Generation, NOBODY } from "../cluster/coordinator.ts";
import { BrokerError, CODE, KAFKA_ERRORS, mayPass, rootMessage } from "../cluster/errors.ts";
import { groupByTopic } from "../cluster/offset-lookup.ts";
import type { ClassicAssignor, Subscriber } from "./classic-assignor.ts";

export interface MembershipSettings {
  readonly groupId: string;
  /** The topics to read; asked at each join. */
  topics(): readonly string[];
  /** Static membership (KIP-345): a restart within the session timeout moves no partition. */
  readonly groupInstanceId?: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly assignor: ClassicAssignor;
}

/** What a heartbeat told: go on, join again, or that the group goes on without this member. */
export type Pulse = "member" | "rebalance" | "lost";

const PROTOCOL_TYPE = "consumer";
/** Joins have a connection of their own: the coordinator answers them late, and heartbeats behind one would wait. */
const JOINING = "joining";
/** The first version that tells of which generation the partitions are that a member holds. */
const SUBSCRIPTION_VERSION = 2;
const JOIN_BACKOFF = { firstMs: 100, maxMs: 3_000 };
/** Answers after which joining again is the way on, and whether the old member id is void. */
const REJOIN: ReadonlyMap<number, "keep-id" | "new-id"> = new Map([
  [CODE.rebalanceInProgress, "keep-id"],
  [CODE.illegalGeneration, "keep-id"],
  [CODE.unknownMemberId, "new-id"],
]);

/** A member of a consumer group as the classic protocol has it: its requests, and what their answers mean. */
export class GroupMember {
  readonly coordinator: Coordinator;
  readonly #cluster: Cluster;
  readonly #settings: MembershipSettings;
  #generation: Generation = NOBODY;
  #isLeader = false;
  #isJoining = false;

  constructor(cluster: Cluster, settings: MembershipSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.coordinator = new Coordinator(cluster, settings.groupId);
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** Whether it is this member that assigns the partitions, and so has to see to new ones. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /**
   * Joins, or joins again with the partitions that it holds, and resolves with those assigned; with null when the
   * group has gone on without this member, so that it holds nothing any more. Tries for as long as the brokers are
   * away. Rejects when the signal fires and on what cannot pass by itself.
   */
  async join(signal: AbortSignal): Promise<TopicPartition[]>;
  async join(signal: AbortSignal, owned: readonly TopicPartition[]): Promise<TopicPartition[] | null>;
  async join(signal: AbortSignal, owned: readonly TopicPartition[] = []): Promise<TopicPartition[] | null> {
    this.#isJoining = true;
    try {
      return await this.#joinAtLast(signal, owned);
    } finally {
      this.#isJoining = false;
    }
  }

  async #joinAtLast(signal: AbortSignal, owned: readonly TopicPartition[]): Promise<TopicPartition[] | null> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      try {
        const joined = await this.#join(owned);
        const assigned = joined === null ? null : await this.#sync(joined);
        if (assigned !== null) return assigned;
        if (owned.length > 0 && this.#generation === NOBODY) return null;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error, failures)) throw this.#refusal(error);
        this.coordinator.forget();
        if (failures++ === 0) {
          const fields = { group: this.#settings.groupId, reason: rootMessage(error) };
          this.#cluster.connection.logger.warn("cannot join the group; trying again", fields);
        }
        const pauseMs = backoffMs(JOIN_BACKOFF, failures, this.#cluster.random);
        await this.#cluster.clock.delay(pauseMs, signal);
      }
    }
  }

  /** Says that this member lives. Rejects when there is no answer. */
  async heartbeat(): Promise<Pulse> {
    const asked = this.#generation;
    const { memberId, generationId } = asked;
    if (generationId < 0) return "member";
    const link = await this.coordinator.link();
    const answer = await ask(
      link,
      REQUEST.heartbeat,
      this.#settings.groupId,
      generationId,
      memberId,
      this.#instanceId,
    );
    // What was asked before a join, or beside one, tells of a generation that is past.
    const isPast = this.#isJoining || asked !== this.#generation;
    if (isPast && answer.errorCode !== CODE.unknownMemberId && REJOIN.has(answer.errorCode)) return "member";
    if (answer.errorCode === CODE.rebalanceInProgress) return "rebalance";
    if (REJOIN.has(answer.errorCode)) {
      this.#mustRejoin(answer.errorCode);
      return "lost";
    }
    // Another member goes by our name and has our partitions; the join that follows tells who waits for us.
    if (answer.errorCode === CODE.fencedInstanceId) return "lost";
    this.coordinator.check(answer.errorCode, "sending a heartbeat to");
    return "member";
  }

  /** Breaks off a join that is under way, as one whose answer does not come. */
  cut(): Promise<void> {
    return this.#cluster.disconnect(JOINING);
  }

  get #instanceId(): string | null {
    return this.#settings.groupInstanceId ?? null;
  }

  /**
   * Leaves, so that the others get the partitions at once. A static member stays: it is expected back, and
   * loses its partitions when the session timeout passes first.
   */
  async leave(): Promise<void> {
    const { memberId } = this.#generation;
    this.#generation = NOBODY;
    if (memberId === "" || this.#instanceId !== null) return;
    const link = await this.coordinator.link();
    const member = { memberId, groupInstanceId: null };
    const answer = await ask(link, REQUEST.leaveGroup, this.#settings.groupId, [member]);
    if (REJOIN.has(answer.errorCode)) return;
    this.coordinator.check(answer.errorCode, "leaving");
  }

  /** Null when the coordinator wants it to be tried again. */
  async #join(owned: readonly TopicPartition[]): Promise<joinGroupV7.JoinGroupResponse | null> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, assignor } = this.#settings;
    const link = await this.#joiningLink();
    const answer = await ask(
      link,
      REQUEST.joinGroup,
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      this.#generation.memberId,
      this.#instanceId,
      PROTOCOL_TYPE,
      [{ name: assignor.name, metadata: this.#subscription(owned) }],
    );
    if (answer.errorCode === CODE.memberIdRequired) {
      this.#generation = { memberId: answer.memberId, generationId: -1 };
      return null;
    }
    if (this.#mustRejoin(answer.errorCode)) return null;
    this.coordinator.check(answer.errorCode, "joining");
    this.#generation = { memberId: answer.memberId, generationId: answer.generationId };
    this.#isLeader = answer.leader === answer.memberId;
    return answer;
  }

  /** A join is answered when all members have joined, which may take the whole rebalance timeout. */
  #joiningLink() {
    const requestTimeoutMs = this.#settings.rebalanceTimeoutMs + 10_000;
    return this.coordinator.link(JOINING, requestTimeoutMs);
  }

  #subscription(owned: readonly TopicPartition[]): Buffer {
    const topics = [...this.#settings.topics()];
    if (!this.#settings.assignor.isIncremental)
      return encodeConsumerProtocolSubscription({ version: 1, topics });
    const { generationId } = this.#generation;
    // Older Java clients read the generation here.
    const userData = Buffer.alloc(4);
    userData.writeInt32BE(generationId);
    const ownedPartitions = byTopic(owned);
    return encodeConsumerProtocolSubscription({
      version: SUBSCRIPTION_VERSION,
      topics,
      userData,
      ownedPartitions,
      generationId,
    });
  }

  /** Null when a rebalance has begun meanwhile. */
  async #sync(joined: joinGroupV7.JoinGroupResponse): Promise<TopicPartition[] | null> {
    const { memberId, generationId } = this.#generation;
    const assignments = this.#isLeader ? await this.#assign(joined) : [];
    const link = await this.#joiningLink();
    const answer = await ask(
      link,
      REQUEST.syncGroup,
      this.#settings.groupId,
      generationId,
      memberId,
      this.#instanceId,
      PROTOCOL_TYPE,
      this.#settings.assignor.name,
      assignments,
    );
    if (this.#mustRejoin(answer.errorCode)) return null;
    this.coordinator.check(answer.errorCode, "joining");
    const { assignedPartitions } = decodeConsumerProtocolAssignment(answer.assignment);
    return assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  }

  async #assign(joined: joinGroupV7.JoinGroupResponse) {
    const members = joined.members.map(({ memberId, metadata }) => subscriberOf(memberId, metadata));
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    const layouts = await this.#cluster.layouts(topics);
    const counts = new Map([...layouts].map(([topic, { leaders }]) => [topic, leaders.length]));
    return [...this.#settings.assignor.assign(members, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeConsumerProtocolAssignment({
        version: 1,
        assignedPartitions: byTopic(partitions),
      }),
    }));
  }

  #refusal(error: unknown): unknown {
    return asRefusal(error, this.#settings.groupId, this.#settings.assignor.name);
  }

  #mustRejoin(errorCode: number): boolean {
    const way = REJOIN.get(errorCode);
    if (way === "new-id") this.#generation = NOBODY;
    return way !== undefined;
  }
}

function byTopic(partitions: readonly TopicPartition[]) {
  return groupByTopic(partitions).map(([topic, numbers]) => ({ topic, partitions: numbers }));
}

function subscriberOf(memberId: string, metadata: Buffer): Subscriber {
  const { version, topics, userData, ownedPartitions, generationId } =
    decodeConsumerProtocolSubscription(metadata);
  const owned = ownedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
  const isTold = version >= SUBSCRIPTION_VERSION;
  return {
    memberId,
    topics,
    owned,
    generationId: isTold ? generationId : decodeCooperativeStickyGeneration(userData),
  };
}

function asRefusal(error: unknown, groupId: string, assignor: string): unknown {
  // A right that is missing is told as everywhere.
  if (!(error instanceof BrokerError) || NOT_AUTHORISED.has(error.brokerCode)) return error;
  const advice =
    error.brokerCode === CODE.fencedInstanceId
      ? INSTANCE_IS_TAKEN
      : `Use another group id, or make its members agree on the assignor ${assignor} and on their time limits.`;
  const what = `Kafka does not let this client into the group ${groupId} (${error.message}).`;
  return new CandlewickError(KAFKA_ERRORS.refused, what, advice, { cause: error });
}
