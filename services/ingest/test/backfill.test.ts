import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@candlewick/broker";
import { TOPICS, topicSpecs } from "@candlewick/contracts";
import { type Devnet, startDevnet } from "@candlewick/devnet";
import { createAdmin, type KafkaConnection } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { afterEach, expect, test } from "vitest";
import { type BackfillProgress, ingestSchema, startBackfill } from "../src/index.ts";
import { MemoryLedger } from "./memory-ports.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The ledger in memory, with what backfill needs of the store besides. */
class BackfillLedger extends MemoryLedger {
  async noteMissingSlots(
    _chain: string,
    { from, to }: { from: number; to: number },
    reason: string,
  ): Promise<number> {
    let noted = 0;
    for (let slot = from; slot <= to; slot++) {
      if (this.slots.has(slot)) continue;
      this.slots.set(slot, { slot, status: "missing", attempts: 0, reason, blockId: null });
      noted += 1;
    }
    return noted;
  }
}

async function startKafka(): Promise<KafkaConnection> {
  const dataDir = await mkdtemp(join(tmpdir(), "candlewick-backfill-"));
  const broker = await startBroker({ dataDir, autoCreateTopics: false });
  closers.push(async () => {
    await broker.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const kafka = { brokers: [broker.address], clientId: "test", logger: silentLogger };
  const admin = await createAdmin(kafka);
  await admin.createTopics(topicSpecs("solana", 2));
  await admin.close();
  return kafka;
}

async function startNode(): Promise<Devnet> {
  const node = await startDevnet({
    historySlots: 200,
    chain: { tradesPerSlot: 2, votesPerBlock: 0, pairs: 16, skippedSlotRate: 0.2 },
  });
  closers.push(() => node.stop());
  return node;
}

async function backfill(
  node: Devnet,
  kafka: KafkaConnection,
  store: BackfillLedger,
  from: number,
  to: number,
  changed: Record<string, unknown> = {},
) {
  const config = ingestSchema.parse({
    rpcUrl: node.url,
    retryFailedMs: 100,
    notYetTimeoutMs: 200,
    ...changed,
  });
  let last: BackfillProgress | null = null;
  const service = await startBackfill(
    config,
    { from, to },
    {
      kafka,
      store,
      logger: silentLogger,
      metrics: new Registry(),
      clock: systemClock,
      onProgress: (progress) => {
        last = progress;
      },
    },
  );
  const error = await service.done.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, last };
}

async function recordsIn(kafka: KafkaConnection): Promise<bigint> {
  const admin = await createAdmin(kafka);
  const ends = await admin.endOffsets([TOPICS.solana.blocks]);
  await admin.close();
  return [...ends.values()].reduce((sum, end) => sum + end, 0n);
}

test("a range is settled slot by slot, once, and what is settled stays as it is", async () => {
  const [kafka, node] = [await startKafka(), await startNode()];
  const ledger = new BackfillLedger();
  const from = node.chain.options.firstSlot + 20;
  const to = from + 59;
  const kept = { slot: from + 5, status: "processed", attempts: 1, reason: null, blockId: "kept" } as const;
  ledger.slots.set(kept.slot, kept);
  const first = await backfill(node, kafka, ledger, from, to);
  expect(first.error).toBeNull();
  expect(first.last).toEqual({ noted: 59, settled: 59, left: 0 });
  for (let at = from; at <= to; at++) {
    if (at === kept.slot) continue;
    const has = node.chain.calendar.hasBlock(at);
    expect(ledger.slots.get(at)).toMatchObject({
      status: has ? "processed" : "skipped",
      blockId: has ? node.chain.calendar.hashOf(at) : null,
    });
  }
  expect(ledger.slots.get(kept.slot)).toEqual(kept);
  const published = await recordsIn(kafka);
  expect(published).toBe(59n);
  const second = await backfill(node, kafka, ledger, from, to);
  expect(second).toEqual({ error: null, last: null });
  expect(await recordsIn(kafka)).toBe(published);
});

test("slots that do not exist yet are left, with a sentence", async () => {
  const [kafka, node] = [await startKafka(), await startNode()];
  const ledger = new BackfillLedger();
  const future = node.headSlot() + 100_000;
  const { error } = await backfill(node, kafka, ledger, future, future + 1);
  expect(String(error)).toMatch(/2 slots from \d+ to \d+ could not be settled/);
  expect((await ledger.unsettledSlots("solana", 10)).map(({ slot }) => slot)).toEqual([future, future + 1]);
});

test("beside a stream of processed blocks JSON-RPC is asked for confirmed ones", async () => {
  const [kafka, node] = [await startKafka(), await startNode()];
  const from = node.chain.options.firstSlot + 20;
  const ledger = new BackfillLedger();
  const streaming = { source: "yellowstone", commitment: "processed", grpcFallback: true };
  const { error, last } = await backfill(node, kafka, ledger, from, from + 9, streaming);
  expect(error).toBeNull();
  expect(last).toEqual({ noted: 10, settled: 10, left: 0 });
});
