import { type BlockRecord, DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import { CandlewickError, silentLogger } from "@candlewick/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConnectionOptions, openStore, type Store } from "../src/index.ts";
import { arbitraryBlock, distinctTrades, expectedCandles, recordOf, storedCandles } from "./market.ts";
import { freshStore, SERVERS, sql, type TestServer } from "./servers.ts";

const GROUP = "group";
const PARTITIONS = 3;

/** What one partition holds, in its order. */
type Item =
  | { readonly kind: "trade"; readonly trade: Trade }
  | { readonly kind: "block"; readonly block: BlockRecord };

interface History {
  readonly items: readonly Item[];
  /** Per item: its partition; how many items of a partition go into one batch. */
  readonly partitions: readonly number[];
  readonly batchSizes: readonly number[];
  /** Batches, by number, during which a connection is killed, or a stale offset is tried first. */
  readonly kills: readonly number[];
  readonly stale: readonly number[];
}

const arbitraryStatus = fc.constantFrom(
  "processed" as const,
  "confirmed" as const,
  "orphaned" as const,
  "orphaned" as const,
  "finalized" as const,
);

const arbitraryHistory: fc.Arbitrary<History> = fc
  .record({
    trades: distinctTrades(50),
    repeated: fc.array(fc.nat()),
    records: fc.array(fc.tuple(arbitraryBlock, arbitraryStatus), { maxLength: 12 }),
    batchSizes: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
    kills: fc.array(fc.nat(12), { maxLength: 3 }),
    stale: fc.array(fc.nat(12), { maxLength: 3 }),
    partitions: fc.array(fc.nat(PARTITIONS - 1), { minLength: 1, maxLength: 30 }),
  })
  .chain(({ trades, repeated, records, ...rest }) => {
    const again = repeated.flatMap((n) => trades[n % Math.max(1, trades.length)] ?? []);
    const items: Item[] = [
      ...[...trades, ...again].map((trade) => ({ kind: "trade", trade }) as const),
      ...records.map(
        ([block, status]) => ({ kind: "block", block: recordOf(block, status, trades) }) as const,
      ),
    ];
    return fc
      .shuffledSubarray(items, { minLength: items.length })
      .map((shuffled) => ({ items: shuffled, ...rest }));
  });

describe.each(SERVERS)("on $name", ({ start }) => {
  let server: TestServer;
  let store: Store;
  let connection: TestServer["connection"];
  const writers: Store[] = [];
  beforeAll(async () => {
    server = await start();
    ({ store, connection } = await freshStore(server));
    for (let i = 0; i < PARTITIONS; i++) writers.push(await openOn(connection));
  });
  afterAll(async () => {
    for (const each of [store, ...writers]) await each.close();
    await server.stop();
  });

  test("candles are the fold of the distinct trades that count, whatever the history", async () => {
    let killed = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryHistory, async (history) => {
        await empty(connection);
        const counts = await Promise.all(
          writers.map((writer, partition) => write(writer, partition, history, connection)),
        );
        killed += counts.reduce((sum, count) => sum + count, 0);
        const trades = history.items.flatMap((item) => (item.kind === "trade" ? [item.trade] : []));
        const blocks = history.items.flatMap((item) => (item.kind === "block" ? [item.block] : []));
        expect(await storedCandles(store)).toEqual(expectedCandles(trades, blocks));
        const report = await store.verify();
        expect(report.checks.filter(({ differences }) => differences > 0)).toEqual([]);
      }),
      { numRuns: 25 },
    );
    expect(killed).toBeGreaterThan(0);
  });
});

function openOn(connection: ConnectionOptions): Promise<Store> {
  return openStore({ connection, logger: silentLogger, poolSize: 2 });
}

async function empty(connection: TestServer["connection"]): Promise<void> {
  await sql(
    connection,
    "TRUNCATE trades, candles, blocks, pairs, consumer_offsets, accounting, candle_intervals, slots",
  );
}

/** Writes one partition as dataflow does: batch by batch, and on after a failure from what is stored. Returns how many batches were killed. */
async function write(
  writer: Store,
  partition: number,
  history: History,
  connection: TestServer["connection"],
): Promise<number> {
  const { items, partitions, batchSizes, kills, stale } = history;
  const own = items.filter((_, index) => partitions[index % partitions.length] === partition);
  let next = 0;
  let failures = 0;
  for (let number = 0; next < own.length; number++) {
    const size = batchSizes[number % batchSizes.length] ?? 1;
    if (stale.includes(number) && next > 0) {
      // Fenced, or killed by another writer's killer: in no case written.
      await expect(writeBatch(writer, partition, own, BigInt(next - 1), next + size)).rejects.toMatchObject({
        fault: "peer",
      });
    }
    const [written] = await Promise.allSettled([
      writeBatch(writer, partition, own, next === 0 ? null : BigInt(next), next + size),
      kills.includes(number) ? killOne(connection) : null,
    ]);
    if (written.status === "fulfilled") next = Math.min(own.length, next + size);
    else {
      if (!canRetry(written.reason)) throw written.reason;
      failures += 1;
      next = Number((await storedOffset(writer, partition)) ?? 0n);
    }
  }
  return failures;
}

async function writeBatch(
  writer: Store,
  partition: number,
  own: readonly Item[],
  expected: bigint | null,
  to: number,
): Promise<void> {
  const batch = own.slice(Number(expected ?? 0n), to);
  await writer.checkpoint({
    group: GROUP,
    offsets: [{ topic: "topic", partition, expected, next: BigInt(Math.min(own.length, to)) }],
    intervals: DEFAULT_INTERVALS,
    trades: batch.flatMap((item) => (item.kind === "trade" ? [item.trade] : [])),
    blocks: batch.flatMap((item) => (item.kind === "block" ? [item.block] : [])),
  });
}

async function storedOffset(writer: Store, partition: number): Promise<bigint | undefined> {
  const asked = { topic: "topic", partition };
  for (;;) {
    try {
      return (await writer.offsets(GROUP, [asked])).get(`topic:${partition}`);
    } catch (error) {
      // The killer may meet this connection too.
      if (!canRetry(error)) throw error;
    }
  }
}

function canRetry(error: unknown): boolean {
  return error instanceof CandlewickError && error.retry === "backoff";
}

/** Kills a writer in the middle of a transaction, where there is one. */
async function killOne(connection: TestServer["connection"]): Promise<void> {
  await sql(
    connection,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'candlewick' AND xact_start IS NOT NULL
     ORDER BY random() LIMIT 1`,
  );
}
