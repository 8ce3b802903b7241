import { encodeTrades, TOPICS } from "@candlewick/contracts";
import { DEFAULT_INTERVALS } from "@candlewick/domain";
import { startReader } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { Admin as RecordsAdmin } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tradeAt } from "../../test-kit/chain.ts";
import { startDatabase, type TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { marketMetrics } from "../src/metrics.ts";
import { runMarket } from "../src/run.ts";
import { Bench, comparable, type Published } from "./real-parts.ts";

const { trades: TRADES, blocks: BLOCKS } = TOPICS.solana;

let database: TestDatabase;

beforeAll(async () => {
  database = await startDatabase();
});

afterAll(() => database.close());

async function startBench(
  ...options: Parameters<typeof Bench.start> extends [unknown, ...infer Rest] ? Rest : []
) {
  const bench = await Bench.start(database, ...options);
  onTestFinished(() => bench.stop());
  return bench;
}

function tradesOf(bench: Bench, count: number, firstSlot = 1) {
  return Array.from({ length: count }, (_, index) =>
    tradeAt({ block: { prefix: bench.prefix, slot: firstSlot + index, fork: "a" }, txIndex: 0 }),
  );
}

async function agreement(bench: Bench, published: Published): Promise<void> {
  await bench.settled();
  const stored = JSON.stringify(comparable(await bench.storedKlines()));
  await until("the candles agree", () => JSON.stringify(comparable(published.klines)) === stored);
}

describe("a database that is away", () => {
  it("is waited for, at the start and when the view is made anew", async () => {
    const bench = await startBench();
    const published = await bench.follow();
    await bench.dataflow();
    await database.stopServer();
    const market = await bench.marketWithoutSnapshot();
    await until("it is tried again", async () => (await market.count("failures_total")) >= 2);
    for (const trade of tradesOf(bench, 3)) await bench.trades([trade], 0);
    await database.startServer();
    await agreement(bench, published);
    await database.stopServer();
    const failures = await market.count("failures_total");
    // A trade of long ago makes the view stale.
    await bench.trades(tradesOf(bench, 1, 40), 0);
    await bench.trades(tradesOf(bench, 1, 5), 1);
    await until("it is tried again", async () => (await market.count("failures_total")) > failures);
    await database.startServer();
    await agreement(bench, published);
  });
});

describe("messages that Kafka does not take", () => {
  it("are counted, and their candles published again", async () => {
    let isOpen = false;
    const bench = await startBench({
      intercept: ({ apiName, clientId }) =>
        apiName === "Produce" && clientId === "market" && !isOpen ? "close" : "serve",
    });
    const published = await bench.follow();
    await bench.dataflow();
    const market = await bench.market();
    for (const trade of tradesOf(bench, 3)) await bench.trades([trade], 0);
    await until("an error", async () => (await market.count("publish_errors_total")) > 0);
    isOpen = true;
    await agreement(bench, published);
  });

  it("do not hold up a stop", async () => {
    const bench = await startBench();
    let isWaiting = false;
    const service = runMarket(
      { chain: "solana", intervals: DEFAULT_INTERVALS, horizonSeconds: 90, resyncIntervalMs: 100 },
      {
        snapshot: () => bench.store.snapshot(bench.group, { recentSeconds: 90 }),
        candles: (query) => bench.store.candles(query),
        blockStarts: () => bench.admin.startOffsets([BLOCKS]),
        read: (from, onRecords) =>
          startReader(bench.connection("market"), { topics: [TRADES, BLOCKS], from, onRecords }),
        producer: {
          enqueue() {
            isWaiting = true;
            return new Promise(() => {});
          },
        },
        ...{ logger: silentLogger, metrics: marketMetrics(new Registry()), clock: systemClock },
      },
    );
    await bench.trades(tradesOf(bench, 1), 0);
    await until("it waits for room", () => isWaiting);
    const began = performance.now();
    await service.stop(300);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe("records", () => {
  it("that cannot be read, or belong to another chain, are counted and passed over", async () => {
    const bench = await startBench();
    const published = await bench.follow();
    await bench.dataflow();
    const market = await bench.market();
    const [first, second] = tradesOf(bench, 2);
    if (first === undefined || second === undefined) throw new Error("no trades");
    const stranger = encodeTrades([{ ...first, block: { ...first.block, chain: "ethereum" } }]);
    for (const value of [Buffer.from("[{"), null, stranger]) {
      await bench.producer.send({ topic: TRADES, key: null, value, partition: 0 });
    }
    await bench.trades([first, second], 0);
    await agreement(bench, published);
    expect(await market.count("rejected_records_total")).toBe(3);
    expect(await market.count("trades_total")).toBe(2);
  });

  it("that Kafka no longer has are waited for until dataflow has gone on behind them", async () => {
    const bench = await startBench();
    const published = await bench.follow();
    const first = await bench.dataflow();
    for (const trade of tradesOf(bench, 3)) await bench.trades([trade], 0);
    await bench.settled();
    await first.stop(5_000);
    for (const trade of tradesOf(bench, 4, 10)) await bench.trades([trade], 0);
    const admin = new RecordsAdmin({ clientId: "test", bootstrapBrokers: [bench.broker.address] });
    await admin.deleteRecords({ topics: [{ name: TRADES, partitions: [{ partition: 0, offset: 5n }] }] });
    await admin.close();
    const market = await bench.market();
    await until("it is tried again", async () => (await market.count("failures_total")) >= 2);
    await bench.dataflow(true);
    await agreement(bench, published);
  });
});

describe("topics that do not exist", () => {
  it("end the market with an error that names one", async () => {
    const bench = await startBench();
    await bench.admin.deleteTopics([BLOCKS]);
    const market = await bench.marketWithoutSnapshot();
    await expect(market.done).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
  });
});
