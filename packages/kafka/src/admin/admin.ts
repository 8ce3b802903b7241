import type { TopicSpec } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { Coordinator } from "../cluster/coordinator.ts";
import { BrokerError, CODE, KAFKA_ERRORS, throwOnCode } from "../cluster/errors.ts";
import { edgeOffsets, partitionsOf } from "../cluster/offset-lookup.ts";

/** Looks after topics and offsets. Maps of offsets have `partitionName` as their key. */
export interface Admin {
  /** Creates what is missing and waits until it can be used; topics that exist are left as they are. */
  createTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; existing: string[] }>;
  listTopics(): Promise<string[]>;
  /** Throws UNKNOWN_TOPIC for a topic that does not exist. */
  describeTopics(topics: readonly string[]): Promise<{ name: string; partitions: number }[]>;
  /** Deletes topics and waits until they are gone; those that do not exist are not an error. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** The first offset that each partition still has. */
  startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** The offset that the next record of each partition will get. */
  endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** What the group has committed; only partitions where it has. */
  committedOffsets(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
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

  async createTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; existing: string[] }> {
    const created: string[] = [];
    const existing: string[] = [];
    const missing = new Map(specs.map((spec) => [spec.name, spec]));
    if (missing.size === 0) return { created, existing };
    await persistently(this.#cluster, {}, async () => {
      const wanted = [...missing.values()].map(wireSpec);
      const link = await this.#cluster.controllerLink();
      const answer = await ask(link, REQUEST.createTopics, wanted, TOPIC_TIMEOUT_MS, false);
      for (const topic of answer.topics) {
        if (topic.errorCode === CODE.topicAlreadyExists) existing.push(topic.name);
        else if (topic.errorCode === CODE.none) created.push(topic.name);
        else throw topicRefused(topic.name, topic.errorCode, topic.errorMessage ?? null);
        missing.delete(topic.name);
      }
    });
    const names = specs.map((spec) => spec.name);
    await this.#untilNull(() => this.#notUsable(names));
    return { created, existing };
  }

  listTopics(): Promise<string[]> {
    return persistently(this.#cluster, {}, async () => (await this.#cluster.topicNames()).sort());
  }

  async describeTopics(topics: readonly string[]): Promise<{ name: string; partitions: number }[]> {
    if (topics.length === 0) return [];
    const layouts = await persistently(this.#cluster, {}, () => this.#cluster.layouts(topics));
    return [...layouts.values()].map(({ name, leaders }) => ({ name, partitions: leaders.length }));
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    await persistently(this.#cluster, {}, async () => {
      const link = await this.#cluster.controllerLink();
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
  }

  async startOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return edgeOffsets(this.#cluster, "first", await partitionsOf(this.#cluster, topics));
  }

  async endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return edgeOffsets(this.#cluster, "end", await partitionsOf(this.#cluster, topics));
  }

  async committedOffsets(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const partitions = await partitionsOf(this.#cluster, topics);
    const coordinator = new Coordinator(this.#cluster, groupId);
    return persistently(this.#cluster, {}, () => coordinator.committed(partitions));
  }

  close(): Promise<void> {
    return this.#cluster.close();
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

function wireSpec({ name, partitions, config }: TopicSpec) {
  return {
    name,
    numPartitions: partitions,
    // The broker's own default.
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  };
}

function topicRefused(name: string, errorCode: number, detail: string | null): Error {
  const error = new BrokerError(errorCode, `creating ${name}`, detail);
  if (error.retriable) return error;
  return new CandlewickError(
    KAFKA_ERRORS.refused,
    `Kafka did not create the topic ${name} (${error.message}).`,
    "Correct its settings, or ask who runs the cluster for the right to create topics.",
    { cause: error },
  );
}
