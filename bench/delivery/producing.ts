import { createProducer, type Producer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { Producer as BareProducer, ProduceAcks } from "@platformatic/kafka";
import { Kafka, logLevel } from "kafkajs";
import { messageOf } from "./workload.ts";

/** What one measurement does. */
export interface Task {
  readonly brokers: string[];
  readonly topic: string;
  readonly count: number;
  readonly concurrency: number;
}

/** Seconds that a task takes. */
export type Measurement = (task: Task) => Promise<number>;

const WARM_UP_SHARE = 10;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  "candlewick send": (task) =>
    withProducer(task, (producer, count) =>
      callers(task.concurrency, count, (index) => producer.send({ topic: task.topic, ...messageOf(index) })),
    ),
  "candlewick enqueue": (task) =>
    withProducer(task, async (producer, count) => {
      const failures: Error[] = [];
      // A message that failed is none that was written: the first one is enough to know.
      const note = (error: Error | null): void => {
        if (error !== null && failures.length === 0) failures.push(error);
      };
      for (let index = 0; index < count; index++) {
        await producer.enqueue({ topic: task.topic, ...messageOf(index) }, note);
      }
      await producer.flush();
      const [failure] = failures;
      if (failure !== undefined) throw failure;
    }),
  "driver send": bareSend,
  "kafkajs send": kafkajsSend,
};

/** The measurement of a client's producer; null where there is none of that name. */
export function produceWith(client: string, mode: string): Measurement | null {
  return MEASUREMENTS[`${client} ${mode}`] ?? null;
}

async function withProducer(
  task: Task,
  produce: (producer: Producer, count: number) => Promise<void>,
): Promise<number> {
  const connection = { brokers: task.brokers, clientId: "bench", logger: silentLogger };
  const producer = await createProducer(connection);
  try {
    return await warmThenTimed(task.count, (count) => produce(producer, count));
  } finally {
    await producer.close();
  }
}

async function bareSend(task: Task): Promise<number> {
  const producer = new BareProducer({
    clientId: "bench",
    bootstrapBrokers: task.brokers,
    acks: ProduceAcks.ALL,
    idempotent: true,
    // With more the driver's own idempotent sends overtake each other.
    maxInflights: 1,
  });
  const took = await warmThenTimed(task.count, (count) =>
    callers(task.concurrency, count, (index) =>
      producer.send({ messages: [{ topic: task.topic, ...messageOf(index) }] }),
    ),
  );
  await producer.close();
  return took;
}

async function kafkajsSend(task: Task): Promise<number> {
  const kafka = new Kafka({ clientId: "bench", brokers: task.brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const took = await warmThenTimed(task.count, (count) =>
    callers(task.concurrency, count, (index) =>
      producer.send({ topic: task.topic, acks: -1, messages: [messageOf(index)] }),
    ),
  );
  await producer.disconnect();
  return took;
}

/** So many callers who each await one message after the other. */
async function callers(
  concurrency: number,
  count: number,
  send: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) await send(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
}

async function warmThenTimed(count: number, run: (count: number) => Promise<void>): Promise<number> {
  await run(Math.ceil(count / WARM_UP_SHARE));
  const began = performance.now();
  await run(count);
  return (performance.now() - began) / 1000;
}
