import { TOPICS } from "@candlewick/contracts";
import { type ChainName, parseInterval } from "@candlewick/domain";
import {
  createAdmin,
  createProducer,
  deadLetter,
  type GroupConsumer,
  type KafkaConnection,
  startGroupConsumer,
} from "@candlewick/kafka";
import { type Clock, type Logger, type Registry, systemClock, z } from "@candlewick/runtime";
import { dataflowMetrics } from "./metrics.ts";
import type { CheckpointStore } from "./ports.ts";
import { Dataflow } from "./run.ts";

const intervalName = z.string().refine(
  (name) => {
    try {
      return parseInterval(name).ms > 0;
    } catch {
      return false;
    }
  },
  { error: "write a count and s, m, h, d or w, such as 15m" },
);

/** The section `dataflow` of the configuration. */
export const dataflowSchema = z.strictObject({
  group: z
    .string()
    .min(1)
    .default("data-flow-default-group10")
    .describe("Kafka consumer group, and the name of its offsets in PostgreSQL."),
  intervals: z
    .array(intervalName)
    .min(1)
    .default(["1m", "5m", "15m", "1h", "4h", "12h", "1d"])
    .describe("Candle intervals that are stored for every pair."),
  maxBatchRecords: z.int().min(1).max(100_000).default(5_000).describe("Most records of one checkpoint."),
  maxBatchBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(16 * 1024 * 1024)
    .describe("Most bytes of one checkpoint."),
  acceptLostOffsets: z
    .boolean()
    .default(false)
    .describe(
      "Go on where Kafka no longer has records that were not stored yet. The loss is logged as an error; without this dataflow stops.",
    ),
});
export type DataflowConfig = z.infer<typeof dataflowSchema>;

export interface DataflowDeps {
  readonly chain: ChainName;
  readonly kafka: KafkaConnection;
  readonly store: CheckpointStore;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

/** Starts the durable truth: trades and blocks from Kafka into PostgreSQL, exactly once. */
export async function startDataflow(config: DataflowConfig, deps: DataflowDeps): Promise<GroupConsumer> {
  const { chain, kafka, store, logger } = deps;
  const admin = await createAdmin(kafka);
  const producer = await createProducer(kafka);
  const dataflow = new Dataflow(
    { chain, group: config.group, intervals: config.intervals.map(parseInterval) },
    {
      store,
      deadLetters: { send: (record, error) => deadLetter(producer, record, error, 1) },
      logStarts: admin,
      clock: deps.clock ?? systemClock,
      logger,
      metrics: dataflowMetrics(deps.metrics),
    },
  );
  const consumer = await startGroupConsumer(kafka, {
    groupId: config.group,
    topics: [TOPICS[chain].trades, TOPICS[chain].blocks],
    start: "first",
    maxBatchRecords: config.maxBatchRecords,
    maxBatchBytes: config.maxBatchBytes,
    acceptLostOffsets: config.acceptLostOffsets,
    resume: (partitions) => dataflow.resume(partitions),
    onBatch: (records) => dataflow.handle(records),
  });
  const release = async (): Promise<void> => {
    await producer.close();
    await admin.close();
  };
  return {
    name: "dataflow",
    done: consumer.done.finally(release),
    assignment: () => consumer.assignment(),
    lag: () => consumer.lag(),
    stop: (deadlineMs) => consumer.stop(deadlineMs),
  };
}
