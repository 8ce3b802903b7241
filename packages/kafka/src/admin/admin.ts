import type { TopicSpec } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import { cataloguing, NOT_AUTHORISED } from "../cluster/catalogue.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { Coordinator } from "../cluster/coordinator.ts";
import { BrokerError, CODE, KAFKA_ERRORS, throwOnCode } from "../cluster/errors.ts";
import { edgeOffsets, offsetsAt, partitionsOf } from "../cluster/offset-lookup.ts";
import {
  deleteGroup,
  deleteGroupOffsets,
  describeGroup,
  type GroupDetail,
  type GroupSummary,
  groupOffsets,
  listGroups,
  setGroupOffsets,
} from "./group-admin.ts";
import {
  changeTopic,
  growTopic,
  type TopicChanges,
  type TopicDetail,
  type TopicSetting,
  topicDetails,
  topicSettings,
} from "./topic-admin.ts";

/** Looks after topics, offsets and groups. Maps of offsets have `partitionName` as their key. */
export interface Admin {
  /** Creates what is missing and waits until it can be used; topics that exist are left as they are. */
  createTopics(
    specs: readonly TopicSpec[],
    options?: { readonly replicationFactor?: number; readonly dryRun?: boolean },
  ): Promise<{ created: string[]; existing: string[] }>;
  listTopics(options?: { readonly withInternal?: boolean }): Promise<string[]>;
  /** Throws UNKNOWN_TOPIC for a topic that does not exist. */
  describeTopics(topics: readonly string[]): Promise<{ name: string; partitions: number }[]>;
  /** The same with leaders and replicas. */
  topicDetails(topics: readonly string[]): Promise<TopicDetail[]>;
  topicSettings(topics: readonly string[]): Promise<ReadonlyMap<string, readonly TopicSetting[]>>;
  /** Changes settings; brokers hear of it within moments. With `dryRun` the broker only says whether it would. */
  changeTopic(topic: string, changes: TopicChanges, options?: { readonly dryRun?: boolean }): Promise<void>;
  /** Gives a topic more partitions, `total` in all, and waits until they can be used. Keys move to others for good. */
  growTopic(topic: string, total: number, options?: { readonly dryRun?: boolean }): Promise<void>;
  /** Deletes topics and waits until they are gone; those that do not exist are not an error. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** The first offset that each partition still has. */
  startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The offset that the next record of each partition will get. */
  endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The offset of each partition's first record of that time (milliseconds since the epoch) or later, else its end. */
  offsetsAt(topics: readonly string[], timestampMs: number): Promise<ReadonlyMap<string, bigint>>;
  /** What the group has committed; only partitions where it has. Of all topics where none are named. */
  committedOffsets(groupId: string, topics?: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  listGroups(): Promise<GroupSummary[]>;
  /** Throws BAD_INPUT for a group that does not exist. */
  describeGroup(groupId: string): Promise<GroupDetail>;
  /** Moves a group without members. Throws GROUP_IN_USE for one that has them. */
  setGroupOffsets(groupId: string, offsets: ReadonlyMap<string, bigint>): Promise<void>;
  /** Forgets what the group has committed for these partitions. */
  deleteGroupOffsets(groupId: string, partitionNames: readonly string[]): Promise<void>;
  deleteGroup(groupId: string): Promise<void>;
  close(): Promise<void>;
}

const TOPIC_TIMEOUT_MS = 30_000;

/** Connects. Throws KAFKA_UNREACHABLE where no broker answers. */
export async function createAdmin(connection: KafkaConnection): Promise<Admin> {
  return new ClusterAdmin(await Cluster.connect(connection));
}

class ClusterAdmin implements Admin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  createTopics(
    specs: readonly TopicSpec[],
    { replicationFactor = -1, dryRun = false }: { replicationFactor?: number; dryRun?: boolean } = {},
  ): Promise<{ created: string[]; existing: string[] }> {
    return this.#do(async (cluster) => {
      const created: string[] = [];
      const existing: string[] = [];
      const missing = new Map(specs.map((spec) => [spec.name, spec]));
      if (missing.size === 0) return { created, existing };
      await persistently(cluster, {}, async () => {
        // Asked for first: a broker tells its operator of what it refuses.
        for (const name of await cluster.topicNames()) if (missing.delete(name)) existing.push(name);
        if (missing.size === 0) return;
        const wanted = [...missing.values()].map((spec) => wireSpec(spec, replicationFactor));
        const link = await cluster.controllerLink();
        const answer = await ask(link, REQUEST.createTopics, wanted, TOPIC_TIMEOUT_MS, dryRun);
        for (const topic of answer.topics) {
          if (topic.errorCode === CODE.topicAlreadyExists) existing.push(topic.name);
          else if (topic.errorCode === CODE.none) created.push(topic.name);
          else throw topicRefused(topic.name, topic.errorCode, topic.errorMessage ?? null);
          missing.delete(topic.name);
        }
      });
      const names = specs.map((spec) => spec.name);
      if (!dryRun) await this.#untilNull(() => this.#notUsable(names));
      return { created, existing };
    });
  }

  listTopics({ withInternal = false }: { withInternal?: boolean } = {}): Promise<string[]> {
    return this.#do((cluster) =>
      persistently(cluster, {}, async () => (await cluster.topicNames(withInternal)).sort()),
    );
  }

  async describeTopics(topics: readonly string[]): Promise<{ name: string; partitions: number }[]> {
    const details = await this.topicDetails(topics);
    return details.map(({ name, partitions }) => ({ name, partitions: partitions.length }));
  }

  topicDetails(topics: readonly string[]): Promise<TopicDetail[]> {
    return this.#do((cluster) => topicDetails(cluster, topics));
  }

  topicSettings(topics: readonly string[]): Promise<ReadonlyMap<string, readonly TopicSetting[]>> {
    return this.#do((cluster) => topicSettings(cluster, topics));
  }

  changeTopic(topic: string, changes: TopicChanges, { dryRun = false } = {}): Promise<void> {
    return this.#do((cluster) => changeTopic(cluster, topic, changes, dryRun));
  }

  growTopic(topic: string, total: number, { dryRun = false } = {}): Promise<void> {
    return this.#do(async (cluster) => {
      await growTopic(cluster, topic, total, dryRun);
      if (!dryRun) await this.#untilNull(() => this.#notGrown(topic, total));
    });
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return this.#do(async (cluster) => {
      if (topics.length === 0) return;
      await persistently(cluster, {}, async () => {
        const link = await cluster.controllerLink();
        const wanted = topics.map((name) => ({ name, topicId: null }));
        const answer = await ask(link, REQUEST.deleteTopics, wanted, TOPIC_TIMEOUT_MS);
        for (const { name, errorCode, errorMessage } of answer.responses) {
          if (errorCode === CODE.unknownTopicOrPartition) continue;
          throwOnCode(errorCode, `deleting ${name}`, errorMessage ?? null);
        }
      });
      await this.#untilNull(async () => {
        const left = (await this.listTopics()).find((name) => topics.includes(name));
        return left === undefined
          ? null
          : new BrokerError(CODE.topicAlreadyExists, `waiting for ${left} to go`);
      });
    });
  }

  startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return this.#do(async (cluster) => edgeOffsets(cluster, "first", await partitionsOf(cluster, topics)));
  }

  endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return this.#do(async (cluster) => edgeOffsets(cluster, "end", await partitionsOf(cluster, topics)));
  }

  offsetsAt(topics: readonly string[], timestampMs: number): Promise<ReadonlyMap<string, bigint>> {
    return this.#do(async (cluster) => offsetsAt(cluster, timestampMs, await partitionsOf(cluster, topics)));
  }

  committedOffsets(groupId: string, topics?: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return this.#do(async (cluster) => {
      if (topics === undefined) return groupOffsets(cluster, groupId);
      const partitions = await partitionsOf(cluster, topics);
      const coordinator = new Coordinator(cluster, groupId);
      return persistently(cluster, {}, () => coordinator.committed(partitions));
    });
  }

  listGroups(): Promise<GroupSummary[]> {
    return this.#do(listGroups);
  }

  describeGroup(groupId: string): Promise<GroupDetail> {
    return this.#do((cluster) => describeGroup(cluster, groupId));
  }

  setGroupOffsets(groupId: string, offsets: ReadonlyMap<string, bigint>): Promise<void> {
    return this.#do((cluster) => setGroupOffsets(cluster, groupId, offsets));
  }

  deleteGroupOffsets(groupId: string, partitionNames: readonly string[]): Promise<void> {
    return this.#do((cluster) => deleteGroupOffsets(cluster, groupId, partitionNames));
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#do((cluster) => deleteGroup(cluster, groupId));
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** What goes wrong is of the catalogue. */
  #do<Result>(action: (cluster: Cluster) => Promise<Result>): Promise<Result> {
    return cataloguing(this.#cluster.connection, () => action(this.#cluster));
  }

  /** The controller decides; a broker hears of it a little later. Throws what is still amiss at the deadline. */
  async #untilNull(problem: () => Promise<Error | null>): Promise<void> {
    const { clock } = this.#cluster;
    const deadline = clock.monotonic() + TOPIC_TIMEOUT_MS;
    for (;;) {
      const found = await problem();
      if (found === null) return;
      if (clock.monotonic() > deadline) throw found;
      await clock.delay(50);
    }
  }

  async #notGrown(topic: string, total: number): Promise<Error | null> {
    const layouts = await persistently(this.#cluster, {}, () => this.#cluster.layouts([topic]));
    const leaders = layouts.get(topic)?.leaders ?? [];
    if (leaders.length >= total && leaders.every((leader) => leader >= 0)) return null;
    return new BrokerError(CODE.leaderNotAvailable, `waiting for the new partitions of ${topic}`);
  }

  async #notUsable(topics: readonly string[]): Promise<Error | null> {
    try {
      const layouts = await persistently(this.#cluster, {}, () => this.#cluster.layouts(topics));
      const leaderless = [...layouts.values()].find(({ leaders }) => leaders.some((leader) => leader < 0));
      if (leaderless === undefined) return null;
      return new BrokerError(CODE.leaderNotAvailable, `waiting for the leaders of ${leaderless.name}`);
    } catch (error) {
      if (error instanceof CandlewickError && error.code === KAFKA_ERRORS.unknownTopic.code) return error;
      throw error;
    }
  }
}

function wireSpec({ name, partitions, config }: TopicSpec, replicationFactor: number) {
  return {
    name,
    numPartitions: partitions,
    // -1 is the broker's own default.
    replicationFactor,
    assignments: [],
    configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  };
}

function topicRefused(name: string, errorCode: number, detail: string | null): Error {
  const error = new BrokerError(errorCode, `creating ${name}`, detail);
  if (error.retriable || NOT_AUTHORISED.has(errorCode)) return error;
  return new CandlewickError(
    KAFKA_ERRORS.refused,
    `Kafka did not create the topic ${name} (${error.message}).`,
    "Correct its settings, or ask who runs the cluster for the right to create topics.",
    { cause: error },
  );
}
