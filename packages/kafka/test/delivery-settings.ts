import { type Consumer, type ConsumerOptions, createProducer, startConsumer } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { bytes, topicSpec, uniqueName } from "./test-cluster.ts";

/** What the consumers of the tests have in common. */
export const SETTINGS = {
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 100,
  commit: { intervalMs: 20 },
  retry: { delaysMs: [100, 200], jitter: 0, backoffMs: 5, maxBackoffMs: 20 },
} as const;

/** A topic with the numbers from 0 on under the keys k0, k1, ... in turn. */
export async function keyedTopic(
  bench: Bench,
  partitions: number,
  count: number,
  keys: number,
): Promise<string> {
  const topic = uniqueName("keyed");
  await bench.admin().createTopics([topicSpec(topic, partitions)]);
  await fillKeyed(bench, topic, 0, count, keys);
  return topic;
}

export async function fillKeyed(
  bench: Bench,
  topic: string,
  from: number,
  to: number,
  keys: number,
): Promise<void> {
  const producer = await createProducer(bench.connection());
  const sends = Array.from({ length: to - from }, (_, index) =>
    producer.send({ topic, key: bytes(`k${(from + index) % keys}`), value: bytes(String(from + index)) }),
  );
  await Promise.all(sends);
  await producer.close();
}

/** Starts a consumer of one topic in a group of its own. */
export function consume(bench: Bench, topic: string, options: Partial<ConsumerOptions>): Promise<Consumer> {
  return startConsumer(bench.connection(), {
    groupId: uniqueName("g"),
    topics: [topic],
    ...SETTINGS,
    ...options,
  });
}
