import { type GroupConsumer, parsePartitionName } from "@candlewick/kafka";
import type { Clock, Logger } from "@candlewick/runtime";
import type { DataflowMetrics } from "./metrics.ts";

/** How often the lag is asked for. */
const LAG_INTERVAL_MS = 5_000;

/**
 * Keeps the gauge of what is still to be stored up to date until the signal fires. Partitions that went to
 * another member leave it; while the brokers do not answer it keeps what it had.
 */
export async function watchLag(
  consumer: Pick<GroupConsumer, "lag">,
  gauge: DataflowMetrics["lagRecords"],
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const lag = await consumer.lag();
      gauge.reset();
      for (const [name, records] of lag) gauge.set({ ...parsePartitionName(name) }, Number(records));
    } catch (error) {
      if (!signal.aborted) logger.debug("the lag is not known", { reason: String(error) });
    }
    // A stop ends the pause, and with it the loop.
    await clock.delay(LAG_INTERVAL_MS, signal).catch(() => {});
  }
}
