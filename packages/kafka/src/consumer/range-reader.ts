import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Cluster } from "../cluster/cluster.ts";
import { edgeOffsets } from "../cluster/offset-lookup.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { FetchLoop } from "./fetch-loop.ts";

const MOST_CHUNKS = 8;

/**
 * The records of one partition from offset `from` up to, not including, `to`, in pieces as they come. What
 * Kafka has no longer is left out. Throws what cannot pass by itself, or the signal's reason.
 */
export async function* readRange(
  cluster: Cluster,
  partition: TopicPartition,
  from: bigint,
  to: bigint,
  signal?: AbortSignal,
): AsyncGenerator<readonly ConsumedRecord[]> {
  if (from >= to) return;
  const name = partitionName(partition);
  const chunks: { readonly records: readonly ConsumedRecord[]; readonly next: bigint }[] = [];
  let arrival = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | null = null;
  const fail = (error: unknown): void => {
    failure ??= { error };
    arrival.resolve();
  };
  const loop = new FetchLoop(cluster, new Map([[name, from]]), {
    // Its end may lie behind an open transaction, which it does not wait for.
    isolation: "read_uncommitted",
    relocate: async (one, wanted) => {
      const first = (await edgeOffsets(cluster, "first", [one])).get(name) ?? to;
      const next = first > wanted ? first : to;
      chunks.push({ records: [], next });
      arrival.resolve();
      return next;
    },
    sink: {
      room: () => Promise.resolve(),
      wants: () => chunks.length < MOST_CHUNKS,
      push(_partition, records, next) {
        chunks.push({ records, next });
        arrival.resolve();
      },
      fail,
    },
  });
  const abort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    for (let position = from; position < to; ) {
      signal?.throwIfAborted();
      const chunk = chunks.shift();
      if (chunk === undefined) {
        if (failure !== null) throw (failure as { readonly error: unknown }).error;
        arrival = Promise.withResolvers();
        await arrival.promise;
        continue;
      }
      loop.poke();
      position = chunk.next;
      const wanted = chunk.records.filter(({ offset }) => offset < to);
      if (wanted.length > 0) yield wanted;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    await loop.close();
  }
}
