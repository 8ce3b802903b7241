import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startBroker } from "@candlewick/broker";
import { encodeBlock, encodeTrades, TOPICS, topicSpecs } from "@candlewick/contracts";
import { DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import { createAdmin, createProducer, type KafkaConnection, type Producer } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";
import { type ServeService, serveSchema, startServe } from "../src/index.ts";

const GROUP = "test-dataflow";

/** A real broker, a real PostgreSQL and serve between them. */
export interface RealParts {
  readonly serve: ServeService;
  readonly kafka: KafkaConnection;
  readonly producer: Producer;
  readonly store: Store;
  readonly metrics: Registry;
  /** Starts one more serve on the same parts, or throws what it throws. */
  startAnother(port: number): Promise<ServeService>;
  /** Writes trades as the dataflow does. */
  checkpoint(trades: readonly Trade[]): Promise<void>;
  /** Sends a block and its trades as ingest does. */
  produceBlock(trades: readonly Trade[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all of it; `webRoot`: the folder of the built page, or null. */
export async function startRealParts(webRoot: string | null): Promise<RealParts> {
  const folder = mkdtempSync(path.join(tmpdir(), "candlewick-serve-"));
  // PostgreSQL does not run as root: the folder must be open to the user that it runs as.
  chmodSync(folder, 0o755);
  const [broker, postgres] = await Promise.all([
    startBroker(),
    startEmbeddedPostgres({ dataDir: path.join(folder, "db"), logger: silentLogger }),
  ]);
  const kafka = { brokers: [`127.0.0.1:${broker.port}`], clientId: "serve-test", logger: silentLogger };
  const admin = await createAdmin(kafka);
  await admin.createTopics(topicSpecs("solana", 2));
  await admin.close();
  const store = await openStore({ connection: postgres.connection, logger: silentLogger });
  const producer = await createProducer(kafka);
  const start = (port: number, metrics: Registry) =>
    startServe(serveSchema.parse({ port, webRoot, dataflowGroup: GROUP }), {
      ...{ kafka, store, metrics, logger: silentLogger, clock: systemClock, version: "0.0.0-test" },
    });
  const metrics = new Registry();
  const serve = await start(0, metrics);
  return {
    ...{ serve, kafka, producer, store, metrics },
    startAnother: (port) => start(port, new Registry()),
    async checkpoint(trades) {
      await store.checkpoint({ group: GROUP, offsets: [], intervals: DEFAULT_INTERVALS, trades, blocks: [] });
    },
    produceBlock: (trades) => produceBlock(producer, trades),
    async stop() {
      await serve.stop(5_000);
      await producer.close();
      await store.close();
      await Promise.all([broker.stop(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function produceBlock(producer: Producer, trades: readonly Trade[]): Promise<void> {
  const [first] = trades;
  if (first === undefined) throw new Error("a block needs a trade");
  const { slot, id, time } = first.block;
  const key = Buffer.from(String(slot));
  await producer.send({ topic: TOPICS.solana.trades, key, value: encodeTrades(trades) });
  const parent = { parentSlot: null, parentId: null, height: null };
  const price = { nativeUsd: first.baseUsd, nativeUsdSlot: slot };
  const value = encodeBlock({
    ...{ chain: "solana", slot, id, time, tradeCount: trades.length, status: "processed" },
    ...parent,
    ...price,
  });
  await producer.send({ topic: TOPICS.solana.blocks, key, value });
}
