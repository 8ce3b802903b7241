import { createAdmin, createProducer, type KafkaConnection } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { apacheKafkaAvailable, KAFKA_VERSION, startApacheKafka } from "../conformance/apache-kafka.ts";
import { type Candidate, type Comparison, comparisons, FILLED } from "./delivery/candidates.ts";
import { type Figure, type MeasuredComparison, writePage } from "./delivery/page.ts";
import { otherPrograms } from "./delivery/programs.ts";
import { startSlowService } from "./delivery/slow-service.ts";
import { messageOf } from "./delivery/workload.ts";
import { median, report } from "./statistics.ts";

const PARTITIONS = 8;
const ROUNDS = Number(process.env.CANDLEWICK_BENCH_ROUNDS ?? 3);
/** Rounds begin only while there is time for one more. */
const BUDGET_MS = 1_000 * Number(process.env.CANDLEWICK_BENCH_SECONDS ?? 560);
/** Part of the titles of what is measured; all of them, and the page is written, where it is not set. */
const ONLY = process.env.CANDLEWICK_BENCH_ONLY ?? "";
const FILLED_TOPIC = "delivery-filled";

/** The delivery runtime beside other clients, on Apache Kafka; tables and charts go to docs. */
export async function benchDelivery(): Promise<void> {
  const unavailable = apacheKafkaAvailable();
  if (unavailable !== null) {
    console.log(`not measured: ${unavailable}`);
    return;
  }
  const { go, goBinary, java, missing } = otherPrograms();
  for (const reason of missing) console.log(reason);
  const conditions =
    `Apache Kafka ${KAFKA_VERSION} and the client on the same two cores, ${PARTITIONS} partitions, messages of ` +
    `1.2 KB with 200 keys, producers idempotent with acks=all, without compression and warm, every client with its ` +
    `defaults where nothing else is said (sarama with the one open request that its idempotence asks for), Node ${process.versions.node}, medians of ` +
    `up to ${ROUNDS} rounds in which the candidates take turns, ${new Date().toISOString().slice(0, 10)}.`;
  console.log(conditions);
  const kafka = await startApacheKafka({ maxHeap: "1g" });
  const service = goBinary === null ? null : await startSlowService(goBinary);
  try {
    const connection = { brokers: kafka.brokers, clientId: "bench", logger: silentLogger };
    const wanted = comparisons(go, java).filter(({ title }) => title.includes(ONLY));
    const measured = await measure(connection, wanted);
    for (const { title, figures } of measured) {
      console.log(`-- ${title}`);
      for (const { name, medianRate } of figures) report(name, medianRate, "msg/s");
    }
    if (ONLY === "") writePage([conditions, ...missing].join(" "), measured);
  } finally {
    service?.kill();
    await kafka.stop();
  }
}

/** Rounds in which the candidates take turns, so that a machine that drifts drifts for all of them; as many as there is time for. */
async function measure(
  connection: KafkaConnection,
  comparisons: readonly Comparison[],
): Promise<MeasuredComparison[]> {
  await fill(connection);
  const rates = new Map<Candidate, number[]>();
  const began = performance.now();
  let longestMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const roundBegan = performance.now();
    if (roundBegan - began + longestMs > BUDGET_MS) {
      console.log(`the time is over after ${round} rounds`);
      break;
    }
    for (const { kind, candidates } of comparisons) {
      for (const candidate of candidates) {
        if (candidate.program === null) continue;
        const rate =
          kind === "produce"
            ? await onFreshTopic(connection, (topic) => rateOf(candidate, connection, topic))
            : await rateOf(candidate, connection, FILLED_TOPIC);
        rates.set(candidate, [...(rates.get(candidate) ?? []), rate]);
      }
    }
    longestMs = Math.max(longestMs, performance.now() - roundBegan);
  }
  return comparisons.map(({ title, candidates }) => ({
    title,
    figures: candidates.flatMap((candidate) => figureOf(candidate.name, rates.get(candidate) ?? [])),
  }));
}

function figureOf(name: string, rates: readonly number[]): Figure[] {
  if (rates.length === 0) return [];
  return [{ name, medianRate: median(rates), least: Math.min(...rates), greatest: Math.max(...rates) }];
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

/** The topic of the consumers, filled once. */
async function fill(connection: KafkaConnection): Promise<void> {
  const admin = await createAdmin(connection);
  const { existing } = await admin.createTopics([{ name: FILLED_TOPIC, partitions: PARTITIONS, config: {} }]);
  await admin.close();
  if (existing.length > 0) return;
  const producer = await createProducer(connection);
  for (let index = 0; index < FILLED; index++) {
    await producer.enqueue({ topic: FILLED_TOPIC, ...messageOf(index) });
  }
  await producer.close();
}
