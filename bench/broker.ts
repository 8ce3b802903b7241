import { endToEndLatency } from "./broker/end-to-end-latency.ts";
import { firstProduce } from "./broker/first-produce.ts";
import { consumerRate, producerRate, RECORD_BYTES } from "./broker/java-clients.ts";
import { apache, type Contender, embedded, type Side } from "./broker/side.ts";
import { median, quantile, report } from "./statistics.ts";

const RECORDS = Number(process.env.CANDLEWICK_BENCH_RECORDS ?? 300_000);
const ROUNDS = Number(process.env.CANDLEWICK_BENCH_ROUNDS ?? 3);
const SAMPLE_MS = 100;
const MB = 1 << 20;

interface Figures {
  readonly startMs: number;
  readonly idleBytes: number;
  readonly producedPerSecond: number;
  readonly consumedPerSecond: number;
  readonly loadedBytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The embedded broker beside Apache Kafka, by turns, both with the clients of Apache Kafka. */
export async function benchBroker(): Promise<void> {
  const contenders = [embedded("never"), apache(false), embedded("acks"), apache(true)];
  const rounds = new Map<Contender, Figures[]>(contenders.map((contender) => [contender, []]));
  // The first start ever compiles: a user meets it once.
  await (await embedded("never").start()).stop();
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of contenders) {
      const figures = await measure(contender);
      rounds.get(contender)?.push(figures);
      console.log(`round ${round + 1}, ${contender.name}: ${summary(figures)}`);
    }
  }
  console.log(
    `${RECORDS} records of ${RECORD_BYTES} bytes, acks=all, one partition, medians of ${ROUNDS} rounds`,
  );
  for (const [{ name }, figures] of rounds) {
    const middle = (pick: (figure: Figures) => number): number => median(figures.map(pick));
    console.log(`-- ${name}`);
    report(
      "process start to first acknowledged produce",
      middle(({ startMs }) => startMs),
      "ms",
    );
    report(
      "kafka-producer-perf-test",
      middle((figure) => figure.producedPerSecond),
      "records/s",
    );
    report(
      "kafka-consumer-perf-test",
      middle((figure) => figure.consumedPerSecond),
      "records/s",
    );
    report(
      "end to end at 1,000 messages/s, p50",
      middle(({ p50Ms }) => p50Ms),
      "ms",
    );
    report(
      "end to end at 1,000 messages/s, p99",
      middle(({ p99Ms }) => p99Ms),
      "ms",
    );
    report("resident memory, idle", middle(({ idleBytes }) => idleBytes) / MB, "MB");
    report("resident memory, greatest under load", middle(({ loadedBytes }) => loadedBytes) / MB, "MB");
  }
}

/** One round in one line, so that a run that is cut short leaves something. */
function summary({ startMs, producedPerSecond, consumedPerSecond, p99Ms }: Figures): string {
  const [produced, consumed] = [Math.round(producedPerSecond), Math.round(consumedPerSecond)];
  return `start ${Math.round(startMs)} ms, ${produced} and ${consumed} records/s, p99 ${p99Ms.toFixed(1)} ms`;
}

async function measure(contender: Contender): Promise<Figures> {
  const began = performance.now();
  const side = await contender.start();
  try {
    await firstProduce(side.port);
    const startMs = performance.now() - began;
    const idleBytes = side.residentBytes();
    const memory = watchMemory(side);
    const producedPerSecond = await producerRate(side.port, "perf", RECORDS);
    const consumedPerSecond = await consumerRate(side.port, "perf", RECORDS);
    const latencies = await endToEndLatency(side.port);
    const loadedBytes = memory.stop();
    const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    return { startMs, idleBytes, producedPerSecond, consumedPerSecond, loadedBytes, p50Ms, p99Ms };
  } finally {
    await side.stop();
  }
}

function watchMemory(side: Side): { stop(): number } {
  let greatest = 0;
  const timer = setInterval(() => {
    greatest = Math.max(greatest, side.residentBytes());
  }, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return greatest;
    },
  };
}
