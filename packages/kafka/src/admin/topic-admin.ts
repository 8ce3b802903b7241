import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import { ADMIN_REQUEST, ask } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { BrokerError, CODE, KAFKA_ERRORS, throwOnCode } from "../cluster/errors.ts";

/** One partition of a topic: who leads it and who holds it. */
export interface PartitionDetail {
  readonly partition: number;
  /** Null while there is none. */
  readonly leader: number | null;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

/** A topic with its partitions. */
export interface TopicDetail {
  readonly name: string;
  readonly partitions: readonly PartitionDetail[];
}

/** Where a setting's value comes from, in Kafka's words. */
export type ConfigOrigin = "topic" | "broker" | "default" | "other";

/** A setting of a topic. */
export interface TopicSetting {
  readonly name: string;
  /** Null where the broker does not show it. */
  readonly value: string | null;
  readonly origin: ConfigOrigin;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
}

/** Changes of a topic's settings: new values, and settings that go back to the broker's. */
export interface TopicChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly reset: readonly string[];
}

const TOPIC = 2;
const SET = 0;
const DELETE = 1;
const TIMEOUT_MS = 30_000;

/** Throws UNKNOWN_TOPIC for a topic that does not exist. */
export async function topicDetails(cluster: Cluster, topics: readonly string[]): Promise<TopicDetail[]> {
  if (topics.length === 0) return [];
  const layouts = await persistently(cluster, {}, () => cluster.layouts(topics));
  return [...layouts.values()].map(({ name, leaders, replicas, inSync }) => ({
    name,
    partitions: leaders.map((leader, partition) => ({
      partition,
      leader: leader < 0 ? null : leader,
      replicas: replicas[partition] ?? [],
      inSync: inSync[partition] ?? [],
    })),
  }));
}

/** All settings of each topic, by its name. */
export function topicSettings(
  cluster: Cluster,
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly TopicSetting[]>> {
  return persistently(cluster, {}, async () => {
    const resources = topics.map((resourceName) => ({
      resourceType: TOPIC,
      resourceName,
      configurationKeys: null,
    })) as Parameters<typeof ADMIN_REQUEST.describeConfigs.async>[1];
    const answer = await ask(await cluster.anyLink(), ADMIN_REQUEST.describeConfigs, resources, false, false);
    const settings = new Map<string, TopicSetting[]>();
    for (const { errorCode, errorMessage, resourceName, configs } of answer.results) {
      throwOnCode(errorCode, `reading the settings of ${resourceName}`, errorMessage ?? null);
      settings.set(
        resourceName,
        configs.map(({ name, value, configSource, readOnly, isSensitive }) => ({
          name,
          value: value ?? null,
          origin: ORIGINS[configSource] ?? "other",
          isReadOnly: readOnly,
          isSensitive,
        })),
      );
    }
    return settings;
  });
}

/** DescribeConfigsResponse.json, configSource. */
const ORIGINS: Readonly<Record<number, ConfigOrigin>> = {
  1: "topic",
  2: "broker",
  3: "broker",
  4: "broker",
  5: "default",
};

/** Changes settings of a topic. Throws BAD_INPUT with the broker's words for what it does not accept. */
export async function changeTopic(
  cluster: Cluster,
  topic: string,
  { set, reset }: TopicChanges,
  dryRun: boolean,
): Promise<void> {
  const configs = [
    ...Object.entries(set).map(([name, value]) => ({ name, configOperation: SET, value })),
    ...reset.map((name) => ({ name, configOperation: DELETE })),
  ];
  const resources = [{ resourceType: TOPIC, resourceName: topic, configs }] as Parameters<
    typeof ADMIN_REQUEST.incrementalAlterConfigs.async
  >[1];
  await persistently(cluster, {}, async () => {
    const link = await cluster.controllerLink();
    const answer = await ask(link, ADMIN_REQUEST.incrementalAlterConfigs, resources, dryRun);
    for (const { errorCode, errorMessage } of answer.responses) {
      refuse(errorCode, errorMessage ?? null, `changing ${topic}`, topic);
    }
  });
}

/** Gives a topic more partitions, `total` in all; those of a topic cannot become fewer. */
export async function growTopic(
  cluster: Cluster,
  topic: string,
  total: number,
  dryRun: boolean,
): Promise<void> {
  await persistently(cluster, {}, async () => {
    const wanted = [{ name: topic, count: total, assignments: null }];
    const link = await cluster.controllerLink();
    const answer = await ask(link, ADMIN_REQUEST.createPartitions, wanted, TIMEOUT_MS, dryRun);
    for (const { errorCode, errorMessage } of answer.results) {
      refuse(errorCode, errorMessage ?? null, `adding partitions to ${topic}`, topic);
    }
  });
}

/** What the broker does not accept is the user's to correct; what may pass or needs rights stays a broker's error. */
function refuse(errorCode: number, detail: string | null, doing: string, topic: string): void {
  if (errorCode === CODE.none) return;
  const error = new BrokerError(errorCode, doing, detail);
  if (errorCode === CODE.unknownTopicOrPartition) {
    throw new CandlewickError(
      KAFKA_ERRORS.unknownTopic,
      `The topic ${topic} does not exist.`,
      "See `candlewick topics list`.",
    );
  }
  if (error.retriable || !USERS_MISTAKE.has(errorCode)) throw error;
  throw new CandlewickError(
    ERRORS.badInput,
    `Kafka does not accept it (${detail ?? error.message}).`,
    "Correct the value.",
    { cause: error },
  );
}

/** INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_CONFIG, INVALID_REQUEST, POLICY_VIOLATION. */
const USERS_MISTAKE: ReadonlySet<number> = new Set([37, 38, 40, 42, 44]);
