import type { Cluster } from "../cluster/cluster.ts";
import { rootMessage } from "../cluster/errors.ts";
import { partitionsOf } from "../cluster/offset-lookup.ts";
import type { GroupMember } from "./group-member.ts";

export interface HeartbeatSettings {
  topics(): readonly string[];
  readonly intervalMs: number;
  readonly sessionTimeoutMs: number;
}

const NEW_PARTITIONS_MS = 30_000;

/**
 * Keeps a membership alive until the signal fires, whatever the handlers do meanwhile. Calls `onEnd` when
 * the group wants it to join again, or goes on without it. Never rejects.
 */
export async function beat(
  cluster: Cluster,
  member: GroupMember,
  settings: HeartbeatSettings,
  onEnd: (reason: "rebalance" | "lost") => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, connection } = cluster;
  let aliveMs = clock.monotonic();
  let unanswered = 0;
  let counted = { atMs: aliveMs, partitions: await countPartitions(cluster, settings.topics()) };
  while (!signal.aborted) {
    await clock.delay(settings.intervalMs, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const pulse = await timely(cluster, settings.sessionTimeoutMs, () => member.heartbeat());
      if (pulse !== "member") onEnd(pulse);
      if (pulse === "lost") return;
      aliveMs = clock.monotonic();
      unanswered = 0;
    } catch (error) {
      if (signal.aborted) return;
      member.coordinator.forget();
      if (unanswered++ === 0) {
        connection.logger.warn("a heartbeat was not answered; trying again", { reason: rootMessage(error) });
      }
      if (clock.monotonic() - aliveMs > settings.sessionTimeoutMs) return onEnd("lost");
    }
    if (member.isLeader && clock.monotonic() - counted.atMs > NEW_PARTITIONS_MS) {
      const partitions = await countPartitions(cluster, settings.topics());
      if (partitions !== null && counted.partitions !== null && partitions !== counted.partitions)
        onEnd("rebalance");
      counted = { atMs: clock.monotonic(), partitions };
    }
  }
}

/** A heartbeat without an answer within the session timeout is as good as none; the connection is dropped. */
export async function timely<Answer>(
  cluster: Cluster,
  timeoutMs: number,
  heartbeat: () => Promise<Answer>,
): Promise<Answer> {
  const waiting = new AbortController();
  const drop = (): Promise<void> => cluster.disconnect("coordinator");
  const watch = cluster.clock.delay(timeoutMs, waiting.signal).then(drop, () => {});
  try {
    return await heartbeat();
  } finally {
    waiting.abort();
    await watch;
  }
}

/** Null where nobody can tell now; it is asked again later. */
async function countPartitions(cluster: Cluster, topics: readonly string[]): Promise<number | null> {
  try {
    return (await partitionsOf(cluster, topics)).length;
  } catch (error) {
    cluster.connection.logger.debug("could not look for new partitions", { reason: rootMessage(error) });
    return null;
  }
}
