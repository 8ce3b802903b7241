import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Cluster } from "../cluster/cluster.ts";
import { edgeOffsets } from "../cluster/offset-lookup.ts";
import type { DeliveryEvent } from "../delivery/delivery-events.ts";
import type { Isolation } from "../record/isolation.ts";
import { FetchLoop } from "./fetch-loop.ts";

/**
 * Reads what lies in retry topics, from where they will be read to where they end now, and tells of each
 * record without keeping it. Resolves when all is read, or when the signal fires.
 */
export async function noteBacklog(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  positions: ReadonlyMap<string, bigint>,
  onRecord: (event: DeliveryEvent) => void,
  isolation: Isolation,
  signal: AbortSignal,
): Promise<void> {
  const ends = await edgeOffsets(cluster, "end", partitions, { signal }, isolation);
  const left = new Map<string, bigint>();
  for (const [name, end] of ends) if ((positions.get(name) ?? 0n) < end) left.set(name, end);
  if (left.size === 0 || signal.aborted) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const from = new Map([...left.keys()].map((name) => [name, positions.get(name) ?? 0n]));
  const loop = new FetchLoop(cluster, from, {
    isolation,
    relocate(partition, wanted) {
      // Whoever reads on will find what is gone, and say so.
      left.delete(partitionName(partition));
      if (left.size === 0) resolve();
      return Promise.resolve(wanted);
    },
    sink: {
      room: () => Promise.resolve(),
      wants: (name) => left.has(name),
      push(partition, records, nextOffset) {
        const name = partitionName(partition);
        for (const record of records) onRecord({ kind: "backlog", partition: name, record });
        if (nextOffset >= (left.get(name) ?? 0n)) left.delete(name);
        if (left.size === 0) resolve();
      },
      fail: reject,
    },
  });
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    await loop.close();
  }
}
