import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import { type ProgramTask, report, runCommand, stopAsked } from "../task.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const COMPRESSION: Readonly<Record<string, number>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
};

// kafkajs compresses with gzip alone; others are for its users to bring, and Node has zstd.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { readonly buffer: Buffer }) => promisify(zstdCompress)(encoder.buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
});

await runCommand({ produce, consume, member, transact, zombie });

function connect({ brokers }: ProgramTask): InstanceType<typeof Kafka> {
  return new Kafka({ clientId: "conformance", brokers: [brokers], logLevel: logLevel.ERROR });
}

function messagesOf(prefix: string, count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, index) => ({ key: `${index}`, value: `${prefix}-${index}` }));
}

async function produce(task: ProgramTask): Promise<void> {
  const producer = connect(task).producer({ idempotent: true });
  await producer.connect();
  const compression = COMPRESSION[task.codec] ?? CompressionTypes.None;
  const messages = messagesOf(task.prefix, task.count);
  await producer.send({ topic: task.topic, compression, messages });
  await producer.disconnect();
  report({ produced: messages.length });
}

async function consume(task: ProgramTask): Promise<void> {
  const groupId = `reader-${process.pid}`;
  const consumer = connect(task).consumer({ groupId, readUncommitted: !task.readCommitted });
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic, fromBeginning: true });
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
  const consumer = connect(task).consumer({
    groupId: task.group,
    heartbeatInterval: 500,
    sessionTimeout: 30_000,
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    report({ assigned: payload.memberAssignment[task.topic] ?? [] }),
  );
  await consumer.connect();
  await consumer.subscribe({ topic: task.topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const { topic, partition, messages } = batch;
      const next = (BigInt(batch.lastOffset()) + 1n).toString();
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
      for (const { value, offset } of messages)
        report({ value: value?.toString(), partition, offset: Number(offset) });
    },
  });
  await stopAsked();
  await consumer.disconnect();
}

async function transact(task: ProgramTask): Promise<void> {
  const producer = connect(task).producer({
    transactionalId: task.id,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: task.topic, messages: messagesOf(task.prefix, task.count) });
  if (task.commit) await transaction.commit();
  else await transaction.abort();
  await producer.disconnect();
}

async function zombie(task: ProgramTask): Promise<void> {
  const options = { transactionalId: task.id, maxInFlightRequests: 1, idempotent: true };
  const [first, second] = [connect(task).producer(options), connect(task).producer(options)];
  await first.connect();
  const begun = await first.transaction();
  await begun.send({ topic: task.topic, messages: messagesOf("zombie", 1) });
  await second.connect();
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
