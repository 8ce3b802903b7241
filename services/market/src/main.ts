import { TOPICS } from "@candlewick/contracts";
import type { ChainName, Interval } from "@candlewick/domain";
import { createProducer, type KafkaConnection, startReader } from "@candlewick/kafka";
import type { Clock, Logger, Registry, Service } from "@candlewick/runtime";
import { z } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import { marketMetrics } from "./metrics.ts";
import { runMarket } from "./run.ts";

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
  readonly store: Pick<Store, "snapshot">;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

/** Starts the live view of all pairs. */
export async function startMarket(config: MarketConfig, deps: MarketDeps): Promise<Service> {
  const { chain, kafka, store } = deps;
  const producer = await createProducer(kafka, { lingerMs: 1 });
  const service = runMarket(
    { chain, intervals: deps.intervals, ...config },
    {
      snapshot: () => store.snapshot(deps.dataflowGroup, { chain, recentSeconds: config.horizonSeconds }),
      read: (from, onRecords) =>
        startReader(kafka, { topics: [TOPICS[chain].trades, TOPICS[chain].blocks], from, onRecords }),
      producer,
      logger: deps.logger,
      metrics: marketMetrics(deps.metrics),
      ...(deps.clock === undefined ? {} : { clock: deps.clock }),
    },
  );
  return { ...service, done: service.done.finally(() => producer.close()) };
}
