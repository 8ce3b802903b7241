import { createRequire } from "node:module";
import { type ProgramTask, report, runCommand, stopAsked } from "../task.ts";

interface Message {
  readonly value: Buffer | null;
  readonly offset: string;
}

interface Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
}

interface Sender {
  send(records: {
    readonly topic: string;
    readonly messages: readonly { readonly key: string; readonly value: string }[];
  }): Promise<unknown>;
}

interface Transaction extends Sender {
  commit(): Promise<void>;
  abort(): Promise<void>;
}

interface Producer extends Sender {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  transaction(): Promise<Transaction>;
}

interface Consumer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(subscription: { readonly topic: string }): Promise<void>;
  run(handlers: { readonly eachMessage: (delivery: Delivery) => Promise<void> }): Promise<void>;
  commitOffsets(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: string }[],
  ): Promise<void>;
}

type Settings = Readonly<Record<string, unknown>>;

/** The part of the package that this program uses: it is compiled into the cache, out of the compiler's sight. */
interface Package {
  readonly KafkaJS: {
    readonly Kafka: new (
      settings: Settings,
    ) => { producer(settings: Settings): Producer; consumer(settings: Settings): Consumer };
    readonly logLevel: { readonly ERROR: number };
    readonly ErrorCodes: { readonly ERR__ASSIGN_PARTITIONS: number };
  };
}

const { KafkaJS } = createRequire(import.meta.url)("@confluentinc/kafka-javascript") as Package;

await runCommand({ produce, consume, member, transact, zombie });

function connect({ brokers }: ProgramTask): InstanceType<Package["KafkaJS"]["Kafka"]> {
  const { logLevel } = KafkaJS;
  return new KafkaJS.Kafka({
    kafkaJS: { clientId: "conformance", brokers: [brokers], logLevel: logLevel.ERROR },
  });
}

function messagesOf(prefix: string, count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, index) => ({ key: `${index}`, value: `${prefix}-${index}` }));
}

async function produce(task: ProgramTask): Promise<void> {
  const settings = { "enable.idempotence": true, "linger.ms": 20, "compression.codec": task.codec };
  const producer = connect(task).producer(settings);
  await producer.connect();
  await producer.send({ topic: task.topic, messages: messagesOf(task.prefix, task.count) });
  await producer.disconnect();
  report({ produced: task.count });
}

async function consume(task: ProgramTask): Promise<void> {
  const consumer = connect(task).consumer({
    kafkaJS: {
      groupId: `reader-${process.pid}`,
      fromBeginning: true,
      readUncommitted: !task.readCommitted,
    },
  });
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic });
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const value = message.value?.toString();
      report({ value, partition, offset: Number(message.offset) });
      if (value === task.until) resolve();
    },
  });
  await reached;
  await consumer.disconnect();
}

async function member(task: ProgramTask): Promise<void> {
  const owned = new Set<number>();
  const consumer = connect(task).consumer({
    kafkaJS: { groupId: task.group, fromBeginning: true, autoCommit: false },
    ...(task.protocol === "consumer"
      ? { "group.protocol": "consumer" }
      : { "heartbeat.interval.ms": 500, "session.timeout.ms": 30_000 }),
    rebalance_cb: (
      change: { readonly code: number },
      partitions: readonly { readonly partition: number }[],
    ) => {
      const isGiven = change.code === KafkaJS.ErrorCodes.ERR__ASSIGN_PARTITIONS;
      for (const { partition } of partitions) isGiven ? owned.add(partition) : owned.delete(partition);
      report({ assigned: [...owned].sort() });
    },
  });
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      // Where the group has moved on this throws, and whoever owns the partition then reads the record again.
      const next = (BigInt(message.offset) + 1n).toString();
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
      report({ value: message.value?.toString(), partition, offset: Number(message.offset) });
    },
  });
  await stopAsked();
  await consumer.disconnect();
}

async function connectTransactional(task: ProgramTask): Promise<Producer> {
  const producer = connect(task).producer({ "transactional.id": task.id, "linger.ms": 20 });
  await producer.connect();
  return producer;
}

async function transact(task: ProgramTask): Promise<void> {
  const producer = await connectTransactional(task);
  const transaction = await producer.transaction();
  await transaction.send({ topic: task.topic, messages: messagesOf(task.prefix, task.count) });
  if (task.commit) await transaction.commit();
  else await transaction.abort();
  await producer.disconnect();
}

async function zombie(task: ProgramTask): Promise<void> {
  const first = await connectTransactional(task);
  const begun = await first.transaction();
  await begun.send({ topic: task.topic, messages: messagesOf("zombie", 1) });
  const second = await connectTransactional(task);
  const successor = await second.transaction();
  await successor.send({ topic: task.topic, messages: messagesOf("successor", 1) });
  await successor.commit();
  try {
    await begun.commit();
    report({ fenced: null });
  } catch (error) {
    report({ fenced: String(error) });
  }
  await Promise.all([first.disconnect(), second.disconnect()]);
}
