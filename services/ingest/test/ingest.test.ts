import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@candlewick/broker";
import { decodeBlock, decodeTrades, TOPICS, topicSpecs } from "@candlewick/contracts";
import { type ConsumedRecord, createAdmin, type KafkaConnection, startReader } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ingestSchema, startIngest } from "../src/index.ts";
import { chainNode, emptyBlock, LocalNode } from "./local-node.ts";
import { MemoryLedger } from "./memory-ports.ts";

const recorded = join(import.meta.dirname, "../../../../shared/data/solana/blocks");

let kafka: KafkaConnection;
let stop: () => Promise<void>;
beforeEach(async () => {
  const broker = await startBroker();
  stop = () => broker.stop();
  kafka = { brokers: [broker.address], clientId: "test", logger: silentLogger };
  const admin = await createAdmin(kafka);
  await admin.createTopics(topicSpecs("solana", 4));
  await admin.close();
});
afterEach(() => stop());

/** All records of the topics of trades and blocks that are there now. */
async function readAll(): Promise<ConsumedRecord[]> {
  const topics = [TOPICS.solana.trades, TOPICS.solana.blocks];
  const admin = await createAdmin(kafka);
  const ends = await admin.endOffsets(topics);
  await admin.close();
  const total = [...ends.values()].reduce((sum, end) => sum + end, 0n);
  const records: ConsumedRecord[] = [];
  const all = Promise.withResolvers<void>();
  if (total === 0n) return records;
  const reader = await startReader(kafka, {
    topics,
    from: "first",
    onRecords(some) {
      records.push(...some);
      if (BigInt(records.length) >= total) all.resolve();
    },
  });
  await all.promise;
  await reader.stop(5_000);
  return records;
}

function dependencies(store = new MemoryLedger()) {
  return { kafka, store, logger: silentLogger, metrics: new Registry(), clock: systemClock };
}

describe("recorded blocks through a broker", () => {
  test.skipIf(!existsSync(recorded))("the recorded block (needs ../shared/data)", async () => {
    const config = ingestSchema.parse({ source: "replay", blocks: recorded });
    const deps = dependencies();
    const service = await startIngest(config, deps);
    await service.done;
    const records = await readAll();
    const trades = records
      .filter(({ topic }) => topic === TOPICS.solana.trades)
      .flatMap(({ value }) => decodeTrades(value));
    const blocks = records
      .filter(({ topic }) => topic === TOPICS.solana.blocks)
      .map(({ value }) => decodeBlock(value));
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toMatchObject({ slot: 332_254_855, status: "confirmed", tradeCount: trades.length });
    const rows =
      (await readFile(join(recorded, "332254855.expected_swaps.csv"), "utf8")).trim().split("\n").length - 1;
    expect(trades).toHaveLength(rows);
    expect(Number(blocks[0]?.nativeUsd) / 1e9).toBeGreaterThan(100);
    const metrics = await deps.metrics.metrics();
    expect(metrics).toContain(`candlewick_ingest_trades_total ${trades.length}`);
    expect(metrics).toContain("candlewick_ingest_cursor_slot 332254855");
    expect(metrics).toContain("candlewick_ingest_lag_slots 0");
    expect(metrics).toContain('candlewick_ingest_blocks_total{status="confirmed"} 1');
  });

  test("a bad file rejects done with its sentence", async () => {
    const folder = await mkdtemp(join(tmpdir(), "candlewick-ingest-"));
    await writeFile(join(folder, "4.json"), JSON.stringify(emptyBlock(4, 3)));
    await writeFile(join(folder, "5.json"), "{");
    const service = await startIngest(
      ingestSchema.parse({ source: "replay", blocks: folder }),
      dependencies(),
    );
    await expect(service.done).rejects.toThrow(`${join(folder, "5.json")} is not a block of slot 5`);
    expect((await readAll()).map(({ key }) => String(key))).toEqual(["4"]);
    await rm(folder, { recursive: true });
  });
});

describe("a node", () => {
  test("is followed, left, and followed on", async () => {
    const parents = new Map([
      [10, 9],
      [11, 10],
    ]);
    const node = await LocalNode.start(chainNode(parents));
    const config = ingestSchema.parse({ rpcUrl: node.url, startSlot: "first", pollMs: 20, failFast: true });
    const store = new MemoryLedger();
    const until = async (slot: number) => {
      const reached = Promise.withResolvers<void>();
      store.saveCursor = async (name, cursor) => {
        store.cursors.set(name, cursor);
        if (cursor.slot >= slot) reached.resolve();
      };
      const service = await startIngest(config, dependencies(store));
      await reached.promise;
      await service.stop(10_000);
      await service.done;
    };
    await until(11);
    parents.set(13, 11);
    parents.set(14, 13);
    await until(14);
    await node.stop();
    const keys = (await readAll()).map(({ key }) => Number(key)).sort((a, b) => a - b);
    expect(keys).toEqual([10, 11, 12, 13, 14]);
  });

  test("that is away is one sentence at the start where that is wanted", async () => {
    const node = await LocalNode.start(() => ({ hang: true }));
    const { url } = node;
    await node.stop();
    const config = ingestSchema.parse({ rpcUrl: url, failFast: true, failFastMs: 300 });
    await expect(startIngest(config, dependencies())).rejects.toMatchObject({
      code: "RPC_UNREACHABLE",
      message: expect.stringContaining(`The RPC node at ${url.slice(0, -1)} cannot be reached`),
    });
  });

  test("that cannot serve rejects the start and lets go of everything", async () => {
    const node = await LocalNode.start(() => ({ error: { code: -32601, message: "Method not found" } }));
    const config = ingestSchema.parse({ rpcUrl: node.url, startSlot: "head" });
    await expect(startIngest(config, dependencies())).rejects.toMatchObject({ code: "CONFIGURATION" });
    await node.stop();
  });
});

describe("a broker that goes away", () => {
  test("does not hold up a stop beyond its deadline", async () => {
    const parents = new Map([[10, 9]]);
    const node = await LocalNode.start(chainNode(parents));
    const config = ingestSchema.parse({ rpcUrl: node.url, startSlot: "first", pollMs: 20 });
    const store = new MemoryLedger();
    const first = Promise.withResolvers<void>();
    store.saveCursor = async (name, cursor) => {
      store.cursors.set(name, cursor);
      if (cursor.slot === 10) first.resolve();
    };
    const service = await startIngest(config, dependencies(store));
    await first.promise;
    await stop();
    stop = async () => {};
    parents.set(11, 10);
    while (!node.calls.some(({ method, params }) => method === "getBlock" && params[0] === 11)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const start = performance.now();
    await service.stop(500);
    expect(performance.now() - start).toBeLessThan(5_000);
    await service.done;
    await node.stop();
    expect(store.cursors.get("solana")?.slot).toBe(10);
  });
});

describe("the configuration", () => {
  test("is complete by default", () => {
    expect(ingestSchema.parse({})).toMatchObject({
      source: "solana",
      startSlot: "head",
      concurrency: 8,
      partitionKey: "slot",
    });
  });

  test.each([[{ source: "moon" }], [{ startSlot: -1 }], [{ concurrency: 0 }], [{ unknown: 1 }]])(
    "refuses %j",
    (config) => {
      expect(ingestSchema.safeParse(config).success).toBe(false);
    },
  );

  test("a replay of nothing is one sentence", async () => {
    const config = ingestSchema.parse({ source: "replay" });
    await expect(startIngest(config, dependencies())).rejects.toMatchObject({ code: "CONFIGURATION" });
  });
});
