import { startConsumer, startGroupConsumer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { Consumer as BareConsumer, MessagesStreamModes } from "@platformatic/kafka";
import { Kafka, logLevel } from "kafkajs";
import type { Measurement, Task } from "./producing.ts";
import { connectSlowService } from "./slow-service.ts";

const HANDLER_MS = 1;

/** Counts records from the first one to the last. */
class Progress {
  readonly #count: number;
  readonly #finished = Promise.withResolvers<number>();
  #seen = 0;
  #beganMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Seconds from the first record to the end of the last. */
  get seconds(): Promise<number> {
    return this.#finished.promise;
  }

  start(): void {
    if (this.#beganMs === 0) this.#beganMs = performance.now();
  }

  finish(records = 1): void {
    this.#seen += records;
    if (this.#seen >= this.#count) this.#finished.resolve((performance.now() - this.#beganMs) / 1000);
  }
}

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  "candlewick consume": (task) => consume(task, () => {}),
  "node timers": bareTimers,
  "candlewick pool": (task) => consume(task, pause),
  "candlewick calls": async (task) => {
    const service = await connectSlowService(task.concurrency);
    return consume(task, () => service.call());
  },
  "candlewick batches": consumeBatches,
  "driver consume": bareConsume,
  "kafkajs eachMessage": (task) => kafkajs(task, "eachMessage"),
  "kafkajs eachBatch": (task) => kafkajs(task, "eachBatch"),
};

/** The measurement of a client's consumer; null where there is none of that name. */
export function consumeWith(client: string, mode: string): Measurement | null {
  return MEASUREMENTS[`${client} ${mode}`] ?? null;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, HANDLER_MS));
}

/** What a pool of handlers could do at most: their timers without Kafka. */
async function bareTimers({ count, concurrency }: Task): Promise<number> {
  let left = count;
  const began = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await pause();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - began) / 1000;
}

async function consume(task: Task, handle: () => void | Promise<void>): Promise<number> {
  const progress = new Progress(task.count);
  await startConsumer(connectionOf(task), {
    groupId: groupOf(task),
    topics: [task.topic],
    offset: "first",
    concurrency: task.concurrency,
    createTopics: false,
    retry: { delaysMs: [] },
    onFailure: "stop",
    handler() {
      progress.start();
      const handled = handle();
      if (handled === undefined) return progress.finish();
      return handled.then(() => progress.finish());
    },
  });
  return progress.seconds;
}

async function consumeBatches(task: Task): Promise<number> {
  const progress = new Progress(task.count);
  await startGroupConsumer(connectionOf(task), {
    groupId: groupOf(task),
    topics: [task.topic],
    resume: async () => new Map(),
    start: "first",
    maxBatchRecords: 5_000,
    maxBatchBytes: 8 << 20,
    async onBatch(records) {
      progress.start();
      progress.finish(records.length);
    },
  });
  return progress.seconds;
}

async function bareConsume(task: Task): Promise<number> {
  const progress = new Progress(task.count);
  const consumer = new BareConsumer({
    clientId: "bench",
    groupId: groupOf(task),
    bootstrapBrokers: task.brokers,
    autocommit: 1_000,
  });
  const stream = await consumer.consume({ topics: [task.topic], mode: MessagesStreamModes.EARLIEST });
  stream.on("data", () => {
    progress.start();
    progress.finish();
  });
  return progress.seconds;
}

async function kafkajs(task: Task, mode: "eachMessage" | "eachBatch"): Promise<number> {
  const progress = new Progress(task.count);
  const kafka = new Kafka({ clientId: "bench", brokers: task.brokers, logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: groupOf(task) });
  await consumer.connect();
  await consumer.subscribe({ topics: [task.topic], fromBeginning: true });
  const partitionsConsumedConcurrently = 8;
  if (mode === "eachMessage") {
    await consumer.run({
      partitionsConsumedConcurrently,
      eachMessage: async () => {
        progress.start();
        progress.finish();
      },
    });
  } else {
    await consumer.run({
      partitionsConsumedConcurrently,
      eachBatch: async ({ batch }) => {
        progress.start();
        progress.finish(batch.messages.length);
      },
    });
  }
  return progress.seconds;
}

function connectionOf({ brokers }: Task) {
  return { brokers, clientId: "bench", logger: silentLogger };
}

function groupOf({ topic }: Task): string {
  return `${topic}-${process.pid}-${Date.now()}`;
}
