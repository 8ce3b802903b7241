import { isDeepStrictEqual } from "node:util";
import type { BrokerOptions } from "@candlewick/broker";
import type { Kline } from "@candlewick/contracts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  type BlockStory,
  canonicalTrades,
  PAIRS,
  PAUSE_SLOT,
  pairName,
  recordOf,
  storyOf,
} from "../../test-kit/chain.ts";
import { startDatabase, type TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { expectedPrice } from "./expected-price.ts";
import { Bench, comparable, PARTITIONS, type Published } from "./real-parts.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await startDatabase();
});

afterAll(() => database.close());

/** Chooses partitions and fates; the same for the same seed. */
class Dice {
  readonly #rolls: readonly number[];
  #next = 0;

  constructor(seed: number) {
    this.#rolls = fc.sample(fc.nat(999), { numRuns: 5_000, seed });
  }

  roll(sides: number): number {
    const roll = this.#rolls[this.#next++ % this.#rolls.length] ?? 0;
    return roll % sides;
  }
}

const LONGEST_LAG_MS = 600;

/** How much later a message comes: most at once, some within the horizon, some long after it. */
const DELAYS = [0, 0, 0, 0, 0, 0, 0, 2, 5, 30] as const;

/** What ingest publishes, by the slot at which it does. */
function schedule(
  bench: Bench,
  stories: readonly BlockStory[],
  dice: Dice,
  delays: readonly number[] = DELAYS,
): Map<number, (() => Promise<void>)[]> {
  const bySlot = new Map<number, (() => Promise<void>)[]>();
  const at = (slot: number, action: () => Promise<void>): void => {
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), action]);
  };
  const delay = () => delays[dice.roll(delays.length)] ?? 0;
  for (const { block, trades, orphaned } of stories) {
    for (const part of [trades.slice(0, 2), trades.slice(2)]) {
      const partition = dice.roll(PARTITIONS);
      const send = () => bench.trades(part, partition);
      at(block.slot + delay(), send);
      if (dice.roll(5) === 0) at(block.slot + delay(), send);
    }
    const record = (status: "processed" | "finalized" | "orphaned") => {
      const partition = dice.roll(PARTITIONS);
      return () => bench.block(recordOf(block, status, trades.length), partition);
    };
    at(block.slot, record("processed"));
    // After hours a block that is taken back cannot be located any more.
    const latest = block.slot < PAUSE_SLOT ? PAUSE_SLOT - 1 : Number.POSITIVE_INFINITY;
    if (orphaned) at(Math.min(block.slot + delay(), latest), record("orphaned"));
    else at(block.slot + 2, record("finalized"));
  }
  return bySlot;
}

async function publishSlots(
  slots: ReadonlyMap<number, readonly (() => Promise<void>)[]>,
  from: number,
  to: number,
): Promise<void> {
  for (let slot = from; slot < to; slot++) for (const send of slots.get(slot) ?? []) await send();
}

/** Waits until the last published value of every candle is what PostgreSQL has. */
async function expectAgreement(bench: Bench, published: Published): Promise<void> {
  await bench.settled();
  const stored = comparable(await bench.storedKlines());
  const different = () => differences(comparable(published.klines), stored);
  // Not the deadline but the list of differences is the failure to show.
  await until("the candles agree", () => different().length === 0).catch(() => undefined);
  expect(different()).toEqual([]);
  expect(published.revisionsGrow).toBe(true);
}

/** The candles that one side lacks or holds otherwise, one line each. */
function differences(published: readonly Kline[], stored: readonly Kline[]): string[] {
  const lines = (klines: readonly Kline[]) =>
    new Map(klines.map((k) => [`${k.pair_addr} ${k.interval} ${k.open_time}`, JSON.stringify(k)]));
  const [left, right] = [lines(published), lines(stored)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((name) => left.get(name) !== right.get(name))
    .map((name) => `${name}: published ${left.get(name)}, stored ${right.get(name)}`);
}

/** Waits until the last published price of every pair is the one that its trades come to. */
async function expectPrices(
  bench: Bench,
  published: Published,
  stories: readonly BlockStory[],
): Promise<void> {
  const trades = canonicalTrades(stories);
  const names = Array.from({ length: PAIRS }, (_, pair) => pairName(bench.prefix, pair));
  const expected = names.map((name) => expectedPrice(name, trades));
  const prices = () => names.map((name) => published.prices.get(name));
  await until("the prices agree", () => isDeepStrictEqual(prices(), expected)).catch(() => undefined);
  expect(prices()).toEqual(expected);
}

/** A Kafka in which now the market, now dataflow is behind the other. */
function laggingBy(dice: Dice): BrokerOptions {
  return {
    intercept: ({ apiName, clientId }) =>
      apiName === "Fetch" && ["market", "dataflow"].includes(clientId) && dice.roll(2) === 0
        ? { delayMs: dice.roll(LONGEST_LAG_MS) }
        : "serve",
  };
}

describe("what the market published last", () => {
  async function expectTruth(seed: number, options: BrokerOptions): Promise<void> {
    const bench = await Bench.start(database, options);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 90, seed);
    const slots = schedule(bench, stories, new Dice(seed));
    const published = await bench.follow();
    await bench.dataflow();
    const market = await bench.market();
    await publishSlots(slots, 0, PAUSE_SLOT);
    await expectAgreement(bench, published);
    await publishSlots(slots, PAUSE_SLOT, 150);
    await expectAgreement(bench, published);
    await expectPrices(bench, published, stories);
    expect(await market.count("snapshots_total")).toBeGreaterThan(1);
    expect(await market.count("failures_total")).toBe(0);
    expect(await market.count("publish_errors_total")).toBe(0);
  }

  it.each([1, 2, 3, 5])(
    "is what PostgreSQL has, through late trades, orphans and repeats (seed %i)",
    (seed) => expectTruth(seed, {}),
  );

  it.each([1, 2, 3, 4, 5, 6])(
    "is what PostgreSQL has where the market and dataflow are behind each other by turns (seed %i)",
    (seed) => expectTruth(seed, laggingBy(new Dice(-seed))),
  );

  it("is what PostgreSQL has after restarts in the midst of it", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const stories = storyOf(bench.prefix, 90, 4);
    // What changes while no market runs is told by the next one as far as the horizon goes.
    const slots = schedule(bench, stories, new Dice(4), [0, 0, 0, 2, 5]);
    const published = await bench.follow();
    await bench.dataflow();
    for (let from = 0; from < 150; from += 30) {
      const market = await bench.market();
      await expectAgreement(bench, published);
      await publishSlots(slots, from, from + 25);
      await expectAgreement(bench, published);
      await market.stop(5_000);
      await market.done;
      await publishSlots(slots, from + 25, from + 30);
    }
    await bench.settled();
    await bench.market();
    await expectAgreement(bench, published);
    await expectPrices(bench, published, stories);
  });
});
