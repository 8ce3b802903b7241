import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Persistence } from "../cluster/backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { offsetLost } from "../cluster/errors.ts";
import { edgeOffsets } from "../cluster/offset-lookup.ts";

/** Where a partition is to be read from: a stored next offset, or an edge of the log. */
export type Start = bigint | "first" | "last";

/** What to do about an offset that Kafka does not have. */
export interface LossPolicy {
  /** Go on at the first offset that exists; otherwise OFFSET_LOST is thrown. */
  readonly acceptLoss: boolean;
}

/**
 * The offsets to read from, by `partitionName`. A stored offset below the first one that Kafka has, or above
 * the end, is never silently replaced: it throws OFFSET_LOST unless the loss is accepted.
 */
export async function startPositions(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  startOf: (partition: TopicPartition) => Start,
  policy: LossPolicy,
  persistence: Persistence = {},
): Promise<Map<string, bigint>> {
  const [firsts, ends] = await Promise.all([
    edgeOffsets(cluster, "first", partitions, persistence),
    edgeOffsets(cluster, "end", partitions, persistence),
  ]);
  const positions = new Map<string, bigint>();
  for (const partition of partitions) {
    const name = partitionName(partition);
    const first = firsts.get(name);
    const end = ends.get(name);
    if (first === undefined || end === undefined) throw new Error(`the broker told no offsets of ${name}`);
    const start = startOf(partition);
    const wanted = start === "first" ? first : start === "last" ? end : start;
    positions.set(name, withinLog(cluster, partition, wanted, { first, end }, policy));
  }
  return positions;
}

function withinLog(
  cluster: Cluster,
  partition: TopicPartition,
  wanted: bigint,
  { first, end }: { first: bigint; end: bigint },
  policy: LossPolicy,
): bigint {
  if (wanted >= first && wanted <= end) return wanted;
  const lost = offsetLost(partition, wanted, first, end);
  if (!policy.acceptLoss) throw lost;
  cluster.connection.logger.error(`${lost.message} The loss is accepted by configuration.`, {
    ...partition,
    wanted: String(wanted),
    first: String(first),
    end: String(end),
  });
  return first;
}
