import { deadLetterTopic } from "@candlewick/contracts";
import { CandlewickError } from "@candlewick/runtime";
import { createPartitionsV3 } from "@platformatic/kafka";
import { createAdmin } from "../admin/admin.ts";
import { persistently } from "../cluster/backoff.ts";
import { ask } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { throwOnCode } from "../cluster/errors.ts";
import { DELIVERY_ERRORS } from "../delivery/delivery-errors.ts";
import { retryTopic, retryTopicSpecs, topicFamily } from "../retry/retry-topic.ts";

const GROW_TIMEOUT_MS = 30_000;

export interface RetryTopicsWanted {
  readonly topics: readonly string[];
  /** Retry topics per topic. */
  readonly retries: number;
  /** Whether what is missing may be created. */
  readonly create: boolean;
}

/**
 * Sees to it that each topic has its retry topics, as many partitions in each as it has itself, and its
 * dead-letter topic. Resolves with the number of retry topics that are to be read, which is larger than
 * `retries` where an earlier configuration had more. Throws RETRY_TOPICS_MISMATCH or UNKNOWN_TOPIC.
 */
export async function ensureRetryTopics(cluster: Cluster, wanted: RetryTopicsWanted): Promise<number> {
  const { topics, retries, create } = wanted;
  const layouts = await persistently(cluster, {}, () => cluster.layouts(topics));
  const counts = new Map([...layouts].map(([name, { leaders }]) => [name, leaders.length]));
  if (create) {
    const admin = await createAdmin(cluster.connection);
    try {
      const specs = topics.flatMap((topic) => retryTopicSpecs(topic, counts.get(topic) ?? 1, retries));
      await admin.createTopics(specs);
    } finally {
      await admin.close();
    }
  } else await persistently(cluster, {}, () => cluster.layouts(topics.map(deadLetterTopic)));
  const names = new Set(await persistently(cluster, {}, () => cluster.topicNames()));
  let levels = retries;
  for (const name of names) {
    const family = topicFamily(name);
    if (family.level > levels && topics.includes(family.topic)) levels = family.level;
  }
  for (const topic of topics) {
    for (let index = 0; index < levels; index++) {
      const name = retryTopic(topic, index);
      if (index >= retries && !names.has(name)) continue;
      await fit(cluster, topic, name, counts.get(topic) ?? 1, create);
    }
  }
  return levels;
}

/** The retry topics to read besides a topic: those that exist. */
export function retryTopicNames(topic: string, levels: number, existing: ReadonlySet<string>): string[] {
  return Array.from({ length: levels }, (_, index) => retryTopic(topic, index)).filter((name) =>
    existing.has(name),
  );
}

async function fit(
  cluster: Cluster,
  topic: string,
  retry: string,
  count: number,
  grow: boolean,
): Promise<void> {
  const layouts = await persistently(cluster, {}, () => cluster.layouts([retry]));
  const found = layouts.get(retry)?.leaders.length ?? 0;
  if (found === count) return;
  if (found > count || !grow) {
    throw new CandlewickError(
      DELIVERY_ERRORS.retryTopics,
      `${retry} has ${found} partitions and ${topic} has ${count}.`,
      `Give both as many partitions: a record stays in the partition of the same number on its way.`,
    );
  }
  const growth = [{ name: retry, count, assignments: null }];
  const link = await cluster.controllerLink();
  const answer = await ask(link, createPartitionsV3.api, growth, GROW_TIMEOUT_MS, false);
  for (const { name, errorCode, errorMessage } of answer.results) {
    throwOnCode(errorCode, `giving ${name} more partitions`, errorMessage ?? null);
  }
}
