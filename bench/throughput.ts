import { encodeTrades, TOPICS } from "@candlewick/contracts";
import { dataflowSchema, startDataflow } from "@candlewick/dataflow";
import { createAdmin, createProducer, type KafkaConnection, parsePartitionName } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { startServers } from "./servers.ts";
import { median, report } from "./statistics.ts";
import { ZipfTrades } from "./zipf-trades.ts";

const TRADES = Number(process.env.CANDLEWICK_BENCH_TRADES ?? 300_000);
const PER_SLOT = 150;
const PAIRS = 5_000;
const ROUNDS = 3;

/** Trades per second from Kafka into PostgreSQL: trades, candles of seven intervals and offsets, exactly once. */
export async function benchThroughput(): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push(await measure());
  console.log(
    `${TRADES} trades, ${PER_SLOT} to a message, ${PAIRS} pairs (Zipf 1.1), 8 partitions, one process`,
  );
  report("trades per second, Kafka to PostgreSQL, median", median(rates), "trades/s");
  report("least and greatest of the rounds", Math.min(...rates), `to ${Math.round(Math.max(...rates))}`);
}

async function measure(): Promise<number> {
  const servers = await startServers();
  try {
    await fill(servers.kafka);
    const config = dataflowSchema.parse({});
    const began = performance.now();
    const service = await startDataflow(config, {
      chain: "solana",
      kafka: servers.kafka,
      store: servers.store,
      logger: silentLogger,
      metrics: new Registry(),
    });
    const admin = await createAdmin(servers.kafka);
    const ends = await admin.endOffsets([TOPICS.solana.trades]);
    await admin.close();
    const partitions = [...ends.keys()].map(parsePartitionName);
    for (;;) {
      const stored = await servers.store.offsets(config.group, partitions);
      if ([...ends].every(([name, end]) => end === 0n || stored.get(name) === end)) break;
      await systemClock.delay(20);
    }
    const seconds = (performance.now() - began) / 1000;
    await service.stop(5_000);
    return TRADES / seconds;
  } finally {
    await servers.stop();
  }
}

async function fill(kafka: KafkaConnection): Promise<void> {
  const producer = await createProducer(kafka);
  const source = new ZipfTrades(PAIRS, PER_SLOT);
  const began = Math.floor(Date.now() / 1000) - 3_600;
  for (let sent = 0; sent < TRADES; sent += PER_SLOT) {
    const trades = source.next(began + Math.floor((sent / PER_SLOT) * 0.4));
    const key = Buffer.from(String(trades[0]?.block.slot));
    await producer.enqueue({ topic: TOPICS.solana.trades, key, value: encodeTrades(trades) });
  }
  await producer.flush();
  await producer.close();
}
