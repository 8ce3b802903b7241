import { TOPICS } from "@candlewick/contracts";
import { candlesOfTrades, DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import { type ConsumedRecord, parsePartitionName, startGroupConsumer } from "@candlewick/kafka";
import { Admin as GroupAdmin } from "@platformatic/kafka";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type BlockStory, canonicalTrades, recordOf, storyOf, tradeAt } from "../../test-kit/chain.ts";
import { startDatabase, type TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { Bench, counted, PARTITIONS, sortCandles } from "./real-parts.ts";

const { trades: TRADES, blocks: BLOCKS } = TOPICS.solana;

let database: TestDatabase;

beforeAll(async () => {
  database = await startDatabase();
});

afterAll(() => database.close());

/** Something to publish. */
interface Publication {
  readonly trades?: readonly Trade[];
  readonly story: BlockStory;
  readonly status?: "processed" | "confirmed" | "finalized" | "orphaned";
}

/** What ingest would publish of some blocks, each message at least once. */
function publicationsOf(stories: readonly BlockStory[]): Publication[] {
  return stories.flatMap((story): Publication[] => {
    const middle = story.trades.length >> 1;
    const statuses = story.orphaned
      ? (["processed", "orphaned"] as const)
      : (["processed", "confirmed", "finalized"] as const);
    return [
      { story, trades: story.trades.slice(0, middle) },
      { story, trades: story.trades.slice(middle) },
      ...statuses.map((status) => ({ story, status })),
    ];
  });
}

async function publish(bench: Bench, publication: Publication, partition: number): Promise<void> {
  const { story, trades, status } = publication;
  if (trades !== undefined) await bench.trades(trades, partition);
  if (status !== undefined) await bench.block(recordOf(story.block, status, story.trades.length), partition);
}

/** In an order, with repeats and on partitions that are anybody's guess; the same for the same seed. */
function shuffled(publications: readonly Publication[], seed: number): [Publication, number][] {
  const repeated = publications.filter((_, index) => index % 5 === seed % 5);
  const all = [...publications, ...repeated];
  const order = fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), { numRuns: 1, seed })[0] ?? [];
  const partitions = fc.sample(fc.nat(PARTITIONS - 1), { numRuns: order.length, seed });
  return order.map((publication, index) => [publication, partitions[index] ?? 0]);
}

function expectedCandles(stories: readonly BlockStory[]) {
  return sortCandles(candlesOfTrades(canonicalTrades(stories), DEFAULT_INTERVALS));
}

async function expectAccounts(bench: Bench, received: number): Promise<void> {
  expect(await bench.account("received")).toBe(BigInt(received));
  let sum = 0n;
  for (const kind of ["applied", "duplicate", "late", "skipped", "rejected", "retracted"]) {
    sum += await bench.account(kind);
  }
  expect(sum).toBe(BigInt(received));
}

async function expectVerified(bench: Bench): Promise<void> {
  const endOffsets = await bench.admin.endOffsets([TRADES, BLOCKS]);
  const report = await bench.store.verify({ progress: { group: bench.group, endOffsets } });
  expect(report.checks.flatMap(({ examples }) => examples)).toEqual([]);
  expect(report.ok).toBe(true);
}

describe("the stored candles", () => {
  it.each([1, 2])("are the fold of the distinct trades of blocks that stay (seed %i)", async (seed) => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 60, seed);
    const messages = shuffled(publicationsOf(stories), seed);
    const half = messages.length >> 1;
    const dataflow = await bench.dataflow({ config: { maxBatchRecords: 40 } });
    for (const [publication, partition] of messages.slice(0, half)) {
      await publish(bench, publication, partition);
    }
    await Promise.all(messages.slice(half).map((message) => publish(bench, ...message)));
    await bench.settled();
    expect(await bench.candles()).toEqual(expectedCandles(stories));
    const sent = messages.reduce((sum, [{ trades }]) => sum + (trades?.length ?? 0), 0);
    await expectAccounts(bench, sent);
    // The seed holds trades that came after their block was orphaned, and before.
    expect(await bench.account("retracted")).toBeGreaterThan(0n);
    expect(await bench.account("withdrawn")).toBeGreaterThan(0n);
    await expectVerified(bench);
    await dataflow.stop(5_000);
    const total = (name: string) => counted(dataflow.metrics, `candlewick_dataflow_${name}`);
    expect(await total("received_trades_total")).toBe(sent);
    expect(await total("trades_total")).toBe(sent);
    expect(await counted(dataflow.metrics, "dataflow_kafka_consumer_fetch")).toBe(messages.length);
  });

  it("count what has no time as skipped and what has no price as stored", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const block = { prefix: bench.prefix, slot: 1, fork: "a" } as const;
    const trade = (txIndex: number, base = 5n) => tradeAt({ block, txIndex, base });
    const timeless = { ...trade(3), block: { ...trade(3).block, time: null } };
    const dataflow = await bench.dataflow();
    await bench.trades([trade(0), trade(1, 0n), timeless, timeless], 0);
    await bench.settled();
    await expectAccounts(bench, 4);
    expect(await bench.account("skipped")).toBe(2n);
    await dataflow.stop(5_000);
    expect(await counted(dataflow.metrics, "candlewick_dataflow_skipped_trades_total")).toBe(2);
    expect(await counted(dataflow.metrics, "candlewick_dataflow_unpriced_trades_total")).toBe(1);
  });
});

describe("a group", () => {
  it("of two members loses nothing and takes nothing twice over a rebalance", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 80, 3);
    const messages = publicationsOf(stories).map((message, index) => [message, index % PARTITIONS] as const);
    const half = messages.length >> 1;
    const config = { maxBatchRecords: 7 };
    await Promise.all(messages.slice(0, half).map((message) => publish(bench, ...message)));
    const first = await bench.dataflow({ config });
    await bench.received(20n);
    const second = await bench.dataflow({ config });
    await Promise.all(messages.slice(half).map((message) => publish(bench, ...message)));
    await until("both have partitions", () =>
      [first, second].every((member) => member.assignment().length === PARTITIONS),
    );
    await bench.settled();
    await first.stop(5_000);
    await bench.trades([tradeAt({ block: { prefix: bench.prefix, slot: 500, fork: "a" }, txIndex: 0 })], 0);
    await bench.settled();
    await second.stop(5_000);
    const sent = messages.reduce((sum, [{ trades }]) => sum + (trades?.length ?? 0), 1);
    await expectAccounts(bench, sent);
    expect(await bench.account("duplicate")).toBe(0n);
    const shares = await Promise.all(
      [first, second].map(({ metrics }) => counted(metrics, "candlewick_dataflow_received_trades_total")),
    );
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(sent);
    expect(shares.every((share) => share > 0)).toBe(true);
  });

  it("of two zombies that both believe to own everything writes each record once", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 40, 4);
    const messages = publicationsOf(stories).map((message, index) => [message, index % PARTITIONS] as const);
    const { store } = bench;
    // Another group for Kafka, the same for PostgreSQL: neither hears of the other.
    const zombie = await bench.dataflow({
      config: { group: `${bench.group}-zombie`, maxBatchRecords: 5 },
      store: {
        offsets: (_group, partitions) => store.offsets(bench.group, partitions),
        checkpoint: (batch) => store.checkpoint({ ...batch, group: bench.group }),
      },
    });
    const owner = await bench.dataflow({ config: { maxBatchRecords: 5 } });
    await until("both own everything", () =>
      [owner, zombie].every((member) => member.assignment().length === 2 * PARTITIONS),
    );
    await Promise.all(messages.map((message) => publish(bench, ...message)));
    await bench.settled();
    expect(await bench.candles()).toEqual(expectedCandles(stories));
    await expectAccounts(
      bench,
      messages.reduce((sum, [{ trades }]) => sum + (trades?.length ?? 0), 0),
    );
    expect(await bench.account("duplicate")).toBe(0n);
    expect(bench.log.some(({ message }) => message.startsWith("the batch was thrown away"))).toBe(true);
    // The one that was thrown out joined again and goes on from what the other has stored.
    await until("both own everything again", () =>
      [owner, zombie].every((member) => member.assignment().length === 2 * PARTITIONS),
    );
    await Promise.all([owner.stop(5_000), zombie.stop(5_000)]);
    await Promise.all([owner.done, zombie.done]);
  });
});

describe("a restart", () => {
  it("after a graceful stop in the midst of work sees nothing twice", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 80, 5);
    const messages = publicationsOf(stories).map((message, index) => [message, index % PARTITIONS] as const);
    await Promise.all(messages.map((message) => publish(bench, ...message)));
    const sent = messages.reduce((sum, [{ trades }]) => sum + (trades?.length ?? 0), 0);
    const config = { maxBatchRecords: 10 };
    for (let part = 1n; part <= 3n; part++) {
      const dataflow = await bench.dataflow({ config });
      await bench.received((BigInt(sent) * part) / 5n);
      await dataflow.stop(5_000);
      await dataflow.done;
      // Whole batches only: what is stored is what was counted, and Kafka was told the same.
      const committed = await bench.admin.committedOffsets(bench.group, [TRADES, BLOCKS]);
      expect(committed).toEqual(await bench.stored());
    }
    await bench.dataflow({ config });
    await bench.settled();
    await expectAccounts(bench, sent);
    expect(await bench.account("duplicate")).toBe(0n);
    expect(await bench.candles()).toEqual(expectedCandles(stories));
  });

  it.each([
    ["are gone", forgetCommits],
    ["are beyond", commitBeyond],
  ])("goes on from PostgreSQL's offsets where Kafka's %s", async (_name, tamper) => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const block = (slot: number) => ({ prefix: bench.prefix, slot, fork: "a" }) as const;
    const first = await bench.dataflow();
    await bench.trades([tradeAt({ block: block(1), txIndex: 0 })], 0);
    await bench.settled();
    await first.stop(5_000);
    await bench.trades([tradeAt({ block: block(2), txIndex: 0 })], 0);
    await bench.trades([tradeAt({ block: block(3), txIndex: 0 })], 1);
    await tamper(bench);
    await bench.dataflow();
    await bench.settled();
    await expectAccounts(bench, 3);
    expect(await bench.account("duplicate")).toBe(0n);
  });
});

async function forgetCommits(bench: Bench): Promise<void> {
  const admin = new GroupAdmin({ clientId: "test", bootstrapBrokers: [bench.broker.address] });
  await admin.deleteGroups({ groups: [bench.group] });
  await admin.close();
  expect(await bench.admin.committedOffsets(bench.group, [TRADES])).toEqual(new Map());
}

/** Another consumer of the same group that stores nothing and commits everything. */
async function commitBeyond(bench: Bench): Promise<void> {
  const ends = await bench.admin.endOffsets([TRADES]);
  const seen: ConsumedRecord[] = [];
  const consumer = await startGroupConsumer(bench.connection("other"), {
    ...{
      groupId: bench.group,
      topics: [TRADES],
      start: "first",
      maxBatchRecords: 100,
      maxBatchBytes: 1 << 20,
    },
    resume: async (partitions) => new Map(partitions.map(({ partition }) => [`${TRADES}:${partition}`, 0n])),
    onBatch: async (records) => void seen.push(...records),
  });
  await until(
    "all is read",
    () => BigInt(seen.length) === [...ends.values()].reduce((sum, end) => sum + end),
  );
  await consumer.stop(5_000);
  const committed = await bench.admin.committedOffsets(bench.group, [TRADES]);
  const written = [...ends].filter(([, end]) => end > 0n);
  expect(written.map(([name]) => parsePartitionName(name).partition)).toEqual([0, 1]);
  for (const [name, end] of written) expect(committed.get(name)).toBe(end);
}
