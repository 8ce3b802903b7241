import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { type Persistence, persistently } from "../cluster/backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Coordinator } from "../cluster/coordinator.ts";
import { mayPass } from "../cluster/errors.ts";
import { decodeFinished } from "../delivery/commit-metadata.ts";
import type { AssignedPartition } from "../delivery/delivery-events.ts";
import type { Isolation } from "../record/isolation.ts";
import { topicFamily } from "../retry/retry-topic.ts";
import type { StartOffset } from "./consumer-options.ts";
import { committedOffsets } from "./group-offsets.ts";
import { resolveStart } from "./start-offset.ts";
import { type LossPolicy, type Start, startPositions } from "./start-position.ts";

/** What decides where a partition is read from. */
export interface OpeningParts {
  readonly cluster: Cluster;
  readonly coordinator: Coordinator;
  readonly groupId: string;
  readonly offset: StartOffset;
  readonly isolation: Isolation;
  /** Whether the committed offset of this partition is to be left aside. */
  ignoresCommitted(partition: string): boolean;
  readonly loss: LossPolicy;
  /** Topics that are read as such, not as the retries of another one. */
  readonly sources: Pick<ReadonlySet<string>, "has">;
}

/** The family that a partition belongs to, by the `partitionName` of its level 0, and its level there. */
export function placeOf(
  partition: TopicPartition,
  sources: Pick<ReadonlySet<string>, "has">,
): { readonly family: string; readonly level: number } {
  const { topic, level } = sources.has(partition.topic)
    ? { topic: partition.topic, level: 0 }
    : topicFamily(partition.topic);
  return { family: partitionName({ topic, partition: partition.partition }), level };
}

/**
 * Where each partition goes on, and what is finished above. Brokers that are away are waited for: the group ends
 * that by its heartbeats. Rejects when the signal fires.
 */
export async function openPartitions(
  parts: OpeningParts,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<AssignedPartition[]> {
  const { cluster, coordinator, groupId, offset, loss, sources } = parts;
  const persistence: Persistence = { attempts: Number.POSITIVE_INFINITY, signal, passes: mayPass };
  const committed = await persistently(cluster, persistence, () =>
    committedOffsets(coordinator, groupId, partitions),
  );
  const isRetry = (partition: TopicPartition): boolean => placeOf(partition, sources).level > 0;
  const stored = (partition: TopicPartition): bigint | undefined => {
    const name = partitionName(partition);
    // What waits in a retry topic is always read, wherever the topic itself starts.
    if (!isRetry(partition) && parts.ignoresCommitted(name)) return undefined;
    return committed.get(name)?.next;
  };
  const fresh = partitions.filter((one) => !isRetry(one) && stored(one) === undefined);
  const starts =
    fresh.length === 0
      ? new Map<string, Start>()
      : await resolveStart(cluster, offset, fresh, persistence, parts.isolation);
  const startOf = (partition: TopicPartition): Start =>
    stored(partition) ?? starts.get(partitionName(partition)) ?? "first";
  const positions = await startPositions(cluster, partitions, startOf, loss, persistence);
  return partitions.map(({ topic, partition }) => {
    const name = partitionName({ topic, partition });
    const next = positions.get(name) ?? 0n;
    const known = committed.get(name);
    const metadata = known !== undefined && known.next === next ? known.metadata : null;
    const finished = decodeFinished(Number(next), metadata);
    return { topic, partition, ...placeOf({ topic, partition }, sources), next: Number(next), finished };
  });
}
