import { TOPICS } from "@candlewick/contracts";
import type { ChainName, Interval } from "@candlewick/domain";
import { createAdmin, createProducer, type KafkaConnection, startReader } from "@candlewick/kafka";
import { type Clock, type Logger, type Registry, type Service, systemClock, z } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import { marketMetrics } from "./metrics.ts";
import { runMarket } from "./run.ts";

/** How long the last messages may take when the service ended by itself. */
const CLOSE_TIMEOUT_MS = 5_000;

/** The section `market` of the configuration. */
export const marketSchema = z.strictObject({
  horizonSeconds: z
    .int()
    .min(1)
    .max(3_600)
    .default(90)
    .describe("How long a block can be taken back in the live view without a new snapshot."),
  resyncIntervalMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(5_000)
    .describe("Least time between two snapshots of PostgreSQL."),
});
export type MarketConfig = z.infer<typeof marketSchema>;

export interface MarketDeps {
  readonly chain: ChainName;
  /** As dataflow stores them. */
  readonly intervals: readonly Interval[];
  /** Dataflow's group: its offsets say where a snapshot ends. */
  readonly dataflowGroup: string;
  readonly kafka: KafkaConnection;
  readonly store: Pick<Store, "snapshot" | "candles">;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

/** Starts the live view of all pairs. Throws KAFKA_UNREACHABLE; what goes wrong later is told by `done`. */
export async function startMarket(config: MarketConfig, deps: MarketDeps): Promise<Service> {
  const { chain, kafka, store, logger, clock = systemClock } = deps;
  const producer = await createProducer(kafka, { lingerMs: 1, metrics: deps.metrics });
  const blocks = TOPICS[chain].blocks;
  const blockStarts = async (): Promise<ReadonlyMap<string, bigint>> => {
    const admin = await createAdmin(kafka);
    return await admin.startOffsets([blocks]).finally(() => admin.close());
  };
  const service = runMarket(
    { chain, intervals: deps.intervals, ...config },
    {
      snapshot: () => store.snapshot(deps.dataflowGroup, { chain, recentSeconds: config.horizonSeconds }),
      candles: (query) => store.candles(query),
      read: (from, onRecords) =>
        startReader(kafka, { topics: [TOPICS[chain].trades, blocks], from, onRecords }),
      ...{ blockStarts, producer, logger, metrics: marketMetrics(deps.metrics), clock },
    },
  );
  let closing: Promise<void> | undefined;
  const close = (timeoutMs: number): Promise<void> => {
    closing ??= producer.close(timeoutMs).catch((error: unknown) => {
      logger.warn("live messages were cut off by the end; the next start publishes them", {
        reason: String(error),
      });
    });
    return closing;
  };
  const done = service.done.finally(() => close(CLOSE_TIMEOUT_MS));
  // Whoever waits for `done` hears of a failure; nobody has to.
  done.catch(() => {});
  return {
    name: service.name,
    done,
    async stop(deadlineMs) {
      const started = clock.monotonic();
      await service.stop(deadlineMs / 2);
      // A batch in hand that waits for room in the producer ends with it.
      await close(Math.max(0, deadlineMs - (clock.monotonic() - started)));
    },
  };
}
