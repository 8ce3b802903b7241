import { createAdmin, type KafkaConnection } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { apacheKafkaAvailable, KAFKA_VERSION, startApacheKafka } from "../conformance/apache-kafka.ts";
import { nodeProgram, otherPrograms, type Program } from "./delivery/programs.ts";
import { median, report } from "./statistics.ts";

const PARTITIONS = 8;
const ROUNDS = Number(process.env.CANDLEWICK_BENCH_ROUNDS ?? 3);
const SYNC_MESSAGES = 10_000;
const ASYNC_MESSAGES = 300_000;

interface Candidate {
  readonly name: string;
  readonly program: Program | null;
  /** CLIENT and MODE, or MODE alone, as the program wants them. */
  readonly args: readonly string[];
  readonly count: number;
  readonly concurrency: number;
}

/** The delivery runtime beside other clients, on Apache Kafka. */
export async function benchDelivery(): Promise<void> {
  const unavailable = apacheKafkaAvailable();
  if (unavailable !== null) {
    console.log(`not measured: ${unavailable}`);
    return;
  }
  const { go, java, missing } = otherPrograms();
  for (const reason of missing) console.log(reason);
  const kafka = await startApacheKafka({ maxHeap: "1g" });
  try {
    const connection = { brokers: kafka.brokers, clientId: "bench", logger: silentLogger };
    console.log(
      `Apache Kafka ${KAFKA_VERSION}, ${PARTITIONS} partitions, messages of 1.2 KB, acks=all, idempotent`,
    );
    await measure(connection, producers(go, java));
  } finally {
    await kafka.stop();
  }
}

function producers(go: Program | null, java: Program | null): Candidate[] {
  const sync = (
    name: string,
    program: Program | null,
    args: string[],
    concurrency: number,
    count = SYNC_MESSAGES,
  ) => ({
    name: `${name}, ${concurrency} at a time`,
    program,
    args,
    count,
    concurrency,
  });
  const async = (name: string, program: Program | null, args: string[]) => ({
    name,
    program,
    args,
    count: ASYNC_MESSAGES,
    concurrency: 1,
  });
  return [
    sync("sarama SyncProducer", go, ["sarama", "sync"], 1, 3_000),
    sync("sarama SyncProducer", go, ["sarama", "sync"], 8),
    sync("sarama SyncProducer", go, ["sarama", "sync"], 64, 20_000),
    sync("Java send().get()", java, ["sync"], 8),
    sync("kafkajs send", nodeProgram, ["kafkajs", "send"], 64),
    sync("@platformatic/kafka send", nodeProgram, ["driver", "send"], 64),
    sync("Candlewick send", nodeProgram, ["candlewick", "send"], 1, 3_000),
    sync("Candlewick send", nodeProgram, ["candlewick", "send"], 8, 30_000),
    sync("Candlewick send", nodeProgram, ["candlewick", "send"], 64, 200_000),
    async("sarama AsyncProducer", go, ["sarama", "async"]),
    async("Java send(callback)", java, ["async"]),
    async("Candlewick enqueue", nodeProgram, ["candlewick", "enqueue"]),
  ];
}

/** Rounds in which the candidates take turns, so that a machine that drifts drifts for all of them. */
async function measure(connection: KafkaConnection, candidates: readonly Candidate[]): Promise<void> {
  const rates = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const candidate of candidates) {
      if (candidate.program === null) continue;
      const rate = await onFreshTopic(connection, (topic) => rateOf(candidate, connection, topic));
      rates.set(candidate.name, [...(rates.get(candidate.name) ?? []), rate]);
    }
  }
  for (const [name, measured] of rates) report(name, median(measured), "msg/s");
}

async function rateOf(candidate: Candidate, { brokers }: KafkaConnection, topic: string): Promise<number> {
  const { args, program, count, concurrency } = candidate;
  if (program === null) throw new Error("only candidates that are there are measured");
  const took = await program([...args, brokers.join(","), topic, String(count), String(concurrency)]);
  return count / took;
}

let topics = 0;

async function onFreshTopic<Result>(
  connection: KafkaConnection,
  use: (topic: string) => Promise<Result>,
): Promise<Result> {
  const topic = `delivery-${topics++}`;
  const admin = await createAdmin(connection);
  try {
    await admin.createTopics([{ name: topic, partitions: PARTITIONS, config: {} }]);
    return await use(topic);
  } finally {
    await admin.deleteTopics([topic]);
    await admin.close();
  }
}
