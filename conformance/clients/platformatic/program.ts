import {
  type CompressionAlgorithmValue,
  Consumer,
  type ConsumerOptions,
  type MessagesStream,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";
import { type ProgramTask, report, runCommand, stopAsked } from "../task.ts";

type StringProducer = Producer<string, string, string, string>;
type StringConsumer = Consumer<string, string, string, string>;
type StringConsumerOptions = ConsumerOptions<string, string, string, string>;
type StringStream = MessagesStream<string, string, string, string>;

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;

await runCommand({ produce, consume, member, transact, zombie });

function connectProducer({ brokers, codec }: ProgramTask, transactionalId?: string): StringProducer {
  return new Producer({
    clientId: "conformance",
    bootstrapBrokers: [brokers],
    serializers: stringSerializers,
    acks: -1,
    idempotent: true,
    // Without these the producer asks to go on as producer 0.
    producerId: -1n,
    producerEpoch: -1,
    ...(codec === undefined ? {} : { compression: codec as CompressionAlgorithmValue }),
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
}

function connectConsumer(
  { brokers }: ProgramTask,
  options: Pick<StringConsumerOptions, "groupId"> & Partial<StringConsumerOptions>,
): StringConsumer {
  return new Consumer({
    clientId: "conformance",
    bootstrapBrokers: [brokers],
    deserializers: stringDeserializers,
    autocommit: false,
    maxWaitTime: 200,
    ...options,
  } as StringConsumerOptions);
}

function messagesOf(
  topic: string,
  prefix: string,
  count: number,
): { topic: string; key: string; value: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    topic,
    key: `${index}`,
    value: `${prefix}-${index}`,
  }));
}

async function produce(task: ProgramTask): Promise<void> {
  const producer = connectProducer(task);
  await producer.send({ messages: messagesOf(task.topic, task.prefix, task.count) });
  await producer.close();
  report({ produced: task.count });
}

async function consume(task: ProgramTask): Promise<void> {
  const isolationLevel = task.readCommitted ? READ_COMMITTED : READ_UNCOMMITTED;
  const consumer = connectConsumer(task, { groupId: `reader-${process.pid}`, isolationLevel });
  const stream = await consumer.consume({ topics: [task.topic], mode: "earliest" });
  for await (const { value, partition, offset } of stream) {
    report({ value, partition, offset: Number(offset) });
    if (value === task.until) break;
  }
  await consumer.close(true);
}

async function member(task: ProgramTask): Promise<void> {
  const protocol =
    task.protocol === "consumer"
      ? { groupProtocol: "consumer" as const }
      : { heartbeatInterval: 500, sessionTimeout: 30_000 };
  const consumer = connectConsumer(task, { groupId: task.group, ...protocol });
  let told = "";
  const tell = (): void => {
    const assigned = partitionsOf(consumer, task.topic);
    if (String(assigned) === told) return;
    told = String(assigned);
    report({ assigned });
  };
  consumer.on("consumer:group:join", tell);
  // The new protocol brings assignments with heartbeats, and no event of their own.
  consumer.on("consumer:heartbeat:end", tell);
  const stream = await consumer.consume({
    topics: [task.topic],
    mode: "committed",
    fallbackMode: "earliest",
  });
  const reading = commitAndReport(stream);
  await stopAsked();
  await stream.close();
  await reading;
  await consumer.close(true);
}

function partitionsOf(consumer: StringConsumer, topic: string): number[] {
  return consumer.assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
}

async function commitAndReport(stream: StringStream): Promise<void> {
  for await (const message of stream) {
    await message.commit();
    report({ value: message.value, partition: message.partition, offset: Number(message.offset) });
  }
}

async function transact(task: ProgramTask): Promise<void> {
  const producer = connectProducer(task, task.id);
  const transaction = await producer.beginTransaction();
  await transaction.send({ messages: messagesOf(task.topic, task.prefix, task.count) });
  if (task.commit) await transaction.commit();
  else await transaction.abort();
  await producer.close();
}

async function zombie(task: ProgramTask): Promise<void> {
  const first = connectProducer(task, task.id);
  const begun = await first.beginTransaction();
  await begun.send({ messages: messagesOf(task.topic, "zombie", 1) });
  const second = connectProducer(task, task.id);
  const successor = await second.beginTransaction();
  await successor.send({ messages: messagesOf(task.topic, "successor", 1) });
  await successor.commit();
  try {
    await begun.commit();
    report({ fenced: null });
  } catch (error) {
    report({ fenced: String(error) });
  }
  await Promise.all([first.close(), second.close()]);
}
