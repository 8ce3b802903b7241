import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { type Persistence, persistently } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { BrokerError, CODE, throwOnCode } from "../cluster/errors.ts";
import { edgeOffsets, groupByTopic, placeLeaders } from "../cluster/offset-lookup.ts";
import { ISOLATION_LEVEL, type Isolation } from "../record/isolation.ts";
import type { StartOffset } from "./consumer-options.ts";
import type { Start } from "./start-position.ts";

/** The start of each partition (`partitionName`), with times looked up. */
export async function resolveStart(
  cluster: Cluster,
  offset: StartOffset,
  partitions: readonly TopicPartition[],
  persistence: Persistence = {},
  isolation: Isolation = "read_committed",
): Promise<ReadonlyMap<string, Start>> {
  const timeMs = startTimeMs(offset);
  if (timeMs !== null) {
    const found = await offsetsAt(cluster, timeMs, partitions, persistence, isolation);
    return new Map(partitions.map((one) => [partitionName(one), found.get(partitionName(one)) ?? "last"]));
  }
  const start = typeof offset === "number" ? BigInt(offset) : edgeOf(offset);
  // Records of a transaction that is open now are new ones once it is committed.
  if (start === "last") return edgeOffsets(cluster, "end", partitions, persistence, isolation);
  return new Map(partitions.map((partition) => [partitionName(partition), start]));
}

function startTimeMs(offset: StartOffset): number | null {
  if (offset instanceof Date) return offset.getTime();
  return typeof offset === "object" ? offset.timeMs : null;
}

function edgeOf(offset: StartOffset): "first" | "last" {
  return offset === "last" || offset === "latest" ? "last" : "first";
}

/** The first offset at or after a time, per partition; none where all records are older. */
async function offsetsAt(
  cluster: Cluster,
  timeMs: number,
  partitions: readonly TopicPartition[],
  persistence: Persistence,
  isolation: Isolation,
): Promise<Map<string, bigint>> {
  return persistently(cluster, persistence, async () => {
    const { byLeader, leaderless } = await placeLeaders(cluster, partitions);
    const [orphan] = leaderless;
    if (orphan !== undefined) {
      throw new BrokerError(CODE.leaderNotAvailable, `looking for the leader of ${partitionName(orphan)}`);
    }
    const found = new Map<string, bigint>();
    for (const [leader, led] of byLeader) {
      const topics = groupByTopic(led).map(([name, numbers]) => ({
        name,
        partitions: numbers.map((partitionIndex) => ({
          partitionIndex,
          currentLeaderEpoch: -1,
          timestamp: BigInt(Math.floor(timeMs)),
        })),
      }));
      const link = await cluster.link(leader, "any");
      const answer = await ask(link, REQUEST.listOffsets, -1, ISOLATION_LEVEL[isolation], topics);
      for (const topic of answer.topics) {
        for (const { partitionIndex, errorCode, offset } of topic.partitions) {
          const name = partitionName({ topic: topic.name, partition: partitionIndex });
          throwOnCode(errorCode, `asking for the offset of ${name} at a time`);
          if (offset >= 0n) found.set(name, offset);
        }
      }
    }
    return found;
  });
}
