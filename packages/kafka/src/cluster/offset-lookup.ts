import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { ISOLATION_LEVEL, type Isolation } from "../record/isolation.ts";
import { type Persistence, persistently } from "./backoff.ts";
import { ask, REQUEST } from "./broker-api.ts";
import type { Cluster } from "./cluster.ts";
import { BrokerError, CODE, throwOnCode } from "./errors.ts";

/** The special times of ListOffsets. */
const EDGE = { first: -2n, end: -1n } as const;

/** What is asked for: an edge of the log, or the first record of a time or later. */
type Wanted = keyof typeof EDGE | { readonly timestampMs: number };

function nameOf(wanted: Wanted): string {
  return typeof wanted === "string" ? `${wanted} offset` : `offset at ${wanted.timestampMs}`;
}

/**
 * The first offset that each partition has, or the one that its next record will get, by `partitionName`.
 * Elections and restarts are waited out for a few seconds. With "read_committed" the end is where the first open
 * transaction begins.
 */
export function edgeOffsets(
  cluster: Cluster,
  edge: Wanted,
  partitions: readonly TopicPartition[],
  persistence: Persistence = {},
  isolation: Isolation = "read_uncommitted",
): Promise<Map<string, bigint>> {
  if (partitions.length === 0) return Promise.resolve(new Map());
  return persistently(cluster, persistence, async () => {
    const { byLeader, leaderless } = await placeLeaders(cluster, partitions);
    const [orphan] = leaderless;
    if (orphan !== undefined) {
      throw new BrokerError(CODE.leaderNotAvailable, `looking for the leader of ${partitionName(orphan)}`);
    }
    const found = new Map<string, bigint>();
    for (const [leader, led] of byLeader) await askLeader(cluster, leader, edge, led, isolation, found);
    // In the order in which they were asked for, whatever the brokers' order is.
    const ordered = partitions.map((partition): [string, bigint] => {
      const name = partitionName(partition);
      const offset = found.get(name);
      if (offset === undefined) throw new Error(`the broker told no ${nameOf(edge)} of ${name}`);
      return [name, offset];
    });
    return new Map(ordered);
  });
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  edge: Wanted,
  partitions: readonly TopicPartition[],
  isolation: Isolation,
  found: Map<string, bigint>,
): Promise<void> {
  const link = await cluster.link(leader, "any");
  const timestamp = typeof edge === "string" ? EDGE[edge] : BigInt(edge.timestampMs);
  const topics = groupByTopic(partitions).map(([name, numbers]) => ({
    name,
    partitions: numbers.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
  }));
  const answer = await ask(link, REQUEST.listOffsets, -1, ISOLATION_LEVEL[isolation], topics);
  for (const topic of answer.topics) {
    for (const { partitionIndex, errorCode, offset } of topic.partitions) {
      const name = partitionName({ topic: topic.name, partition: partitionIndex });
      throwOnCode(errorCode, `asking for the ${nameOf(edge)} of ${name}`);
      found.set(name, offset);
    }
  }
}

/**
 * The offset of each partition's first record of this time or later, by `partitionName`; the end where there is
 * none. Milliseconds since the epoch.
 */
export async function offsetsAt(
  cluster: Cluster,
  timestampMs: number,
  partitions: readonly TopicPartition[],
): Promise<Map<string, bigint>> {
  const ends = await edgeOffsets(cluster, "end", partitions);
  const found = await edgeOffsets(cluster, { timestampMs }, partitions);
  return new Map(
    [...found].map(([name, offset]) => [name, offset < 0n ? (ends.get(name) ?? offset) : offset]),
  );
}

/** All partitions of these topics, in order. Throws UNKNOWN_TOPIC. */
export async function partitionsOf(cluster: Cluster, topics: readonly string[]): Promise<TopicPartition[]> {
  const layouts = await persistently(cluster, {}, () => cluster.layouts(topics));
  return topics.flatMap((topic) =>
    (layouts.get(topic)?.leaders ?? []).map((_leader, partition) => ({ topic, partition })),
  );
}

/** Partitions by the broker that leads them now, and those that have no leader. */
export async function placeLeaders(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
): Promise<{ byLeader: Map<number, TopicPartition[]>; leaderless: TopicPartition[] }> {
  const layouts = await cluster.layouts([...new Set(partitions.map(({ topic }) => topic))]);
  const byLeader = new Map<number, TopicPartition[]>();
  const leaderless: TopicPartition[] = [];
  for (const partition of partitions) {
    const leader = layouts.get(partition.topic)?.leaders[partition.partition] ?? -1;
    const led = byLeader.get(leader);
    if (leader < 0) leaderless.push(partition);
    else if (led === undefined) byLeader.set(leader, [partition]);
    else led.push(partition);
  }
  return { byLeader, leaderless };
}

/** Partition numbers by topic, the form in which most requests want them. */
export function groupByTopic(partitions: readonly TopicPartition[]): [topic: string, numbers: number[]][] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = topics.get(topic);
    if (numbers === undefined) topics.set(topic, [partition]);
    else numbers.push(partition);
  }
  return [...topics];
}
