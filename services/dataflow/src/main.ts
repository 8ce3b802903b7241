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
import {
  CandlewickError,
  type Clock,
  ERRORS,
  type Logger,
  type Registry,
  systemClock,
  z,
} from "@candlewick/runtime";
import { watchLag } from "./lag.ts";
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

/** Dead letters are acknowledged one by one, so that hardly anything is left to flush. */
const CLOSE_TIMEOUT_MS = 1_000;

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
    .refine((names) => new Set(names).size === names.length, { error: "name each interval once" })
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

/**
 * Starts the durable truth: trades and blocks from Kafka into PostgreSQL, exactly once. Throws
 * KAFKA_UNREACHABLE or UNKNOWN_TOPIC; what goes wrong later is told by `done`.
 */
export async function startDataflow(config: DataflowConfig, deps: DataflowDeps): Promise<GroupConsumer> {
  // What is opened later is closed earlier, and everything is closed even if one of them fails to.
  const opened = new AsyncDisposableStack();
  try {
    return await start(config, deps, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function start(
  config: DataflowConfig,
  { chain, kafka, store, logger, metrics: registry, clock = systemClock }: DataflowDeps,
  opened: AsyncDisposableStack,
): Promise<GroupConsumer> {
  const admin = await createAdmin(kafka);
  opened.defer(() => admin.close());
  const producer = await createProducer(kafka, { metrics: registry });
  opened.defer(() =>
    producer.close(CLOSE_TIMEOUT_MS).catch((error: unknown) => {
      logger.warn("dead letters were cut off; their records come again", { reason: String(error) });
    }),
  );
  const metrics = dataflowMetrics(registry);
  const dataflow = new Dataflow(
    { chain, group: config.group, intervals: config.intervals.map(parseInterval) },
    {
      ...{ store, clock, logger, metrics },
      deadLetters: { send: (record, error) => deadLetter(producer, record, error, 1) },
      logStarts: admin,
    },
  );
  const consumer = await startGroupConsumer(kafka, {
    groupId: config.group,
    topics: [TOPICS[chain].trades, TOPICS[chain].blocks],
    start: "first",
    maxBatchRecords: config.maxBatchRecords,
    maxBatchBytes: config.maxBatchBytes,
    maxBufferBytes: 2 * config.maxBatchBytes,
    acceptLostOffsets: config.acceptLostOffsets,
    resume: (partitions) => dataflow.resume(partitions),
    onBatch: (records) => dataflow.handle(records),
  });
  const ended = new AbortController();
  const watching = watchLag(consumer, metrics.lagRecords, { clock, logger }, ended.signal);
  let releasing: Promise<void> | undefined;
  const release = (): Promise<void> => {
    ended.abort();
    releasing ??= watching.then(() => opened.disposeAsync());
    return releasing;
  };
  const done = consumer.done.catch(nameOption).finally(release);
  // Whoever waits for `done` hears of a failure; nobody has to.
  done.catch(() => {});
  return {
    name: "dataflow",
    done,
    assignment: () => consumer.assignment(),
    lag: () => consumer.lag(),
    async stop(deadlineMs) {
      await consumer.stop(deadlineMs);
      await release();
    },
  };
}

/** The client knows of lost offsets, but not by which of our options the loss is accepted. */
function nameOption(error: unknown): never {
  const isLost = error instanceof CandlewickError && error.code === ERRORS.offsetLost.code;
  if (!isLost || error.advice.includes("dataflow.")) throw error;
  throw new CandlewickError(
    ERRORS.offsetLost,
    error.message,
    "Backfill what is missing from the chain, or set dataflow.acceptLostOffsets to go on at the first offset that exists.",
    { cause: error },
  );
}
