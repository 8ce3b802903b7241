import { decodeKline, encodeTrades, TOPICS } from "@candlewick/contracts";
import {
  bucketOpenMs,
  candlesOfTrades,
  DEFAULT_INTERVALS,
  type Interval,
  type Trade,
} from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import type { MarketSnapshot } from "@candlewick/store";
import { describe, expect, test } from "vitest";
import { type TestBlock, tradeAt } from "../../test-kit/chain.ts";
import { DisputedCandles } from "../src/disputed-candles.ts";
import { LiveView } from "../src/live-view.ts";
import { MarketState } from "../src/market-state.ts";
import { marketMetrics } from "../src/metrics.ts";
import { Publisher } from "../src/publisher.ts";

const { trades: TRADES } = TOPICS.solana;

function recordAt(partition: number, offset: bigint, trades: readonly Trade[]): ConsumedRecord {
  const value = encodeTrades(trades);
  return { topic: TRADES, partition, offset, key: null, value, headers: new Map(), timestampMs: 0 };
}

/** The chain of these tests: only the trade of slot 0 is in PostgreSQL. */
const block = (slot: number): TestBlock => ({ prefix: "t0", slot, fork: "a" });
const stored = tradeAt({ block: block(0), txIndex: 0 });
const notYetStored = tradeAt({ block: block(1), txIndex: 0 });
const longAfter = tradeAt({ block: block(60), txIndex: 0 });
const moment = { pair: stored.pair, timeMs: (stored.block.time ?? 0) * 1000 };
const minute = `1m ${bucketOpenMs(intervalOf("1m"), moment.timeMs)}`;

function intervalOf(name: string): Interval {
  const interval = DEFAULT_INTERVALS.find((one) => one.name === name);
  if (interval === undefined) throw new Error(`there is no interval ${name}`);
  return interval;
}

/**
 * A view of a snapshot at offset 1 with the candles of `latest`, and how many trades each candle had when it was
 * told last.
 */
function startView(latest: Trade, positions: ReadonlyMap<string, bigint> | null) {
  const { base, token, pair, venue, program } = stored;
  const assets = { base, token };
  const candlesOf = (trade: Trade) =>
    candlesOfTrades([trade], DEFAULT_INTERVALS).map((candle) => ({ candle, assets, revision: 1 }));
  const facts = { chain: "solana", address: pair, venue, program, firstSlot: 0, ...assets } as const;
  const snapshot: MarketSnapshot = {
    ...{ chain: "solana", headSlot: 0, headTime: latest.block.time },
    offsets: new Map([[`${TRADES}:0`, 1n]]),
    pairs: [{ pair: facts, latest: candlesOf(latest), closes: [], recent: [] }],
  };
  const told = new Map<string, number>();
  const ports = {
    snapshot: () => Promise.reject(new Error("one view is enough")),
    candles: async ({ interval }: { interval: string }) =>
      candlesOf(stored).filter(({ candle }) => candle.interval === interval),
    blockStarts: async () => new Map(),
    read: () => Promise.reject(new Error("the test gives the records")),
    producer: {
      enqueue: async ({ topic, value }: { topic: string; value: Buffer | null }) => {
        if (topic !== TOPICS.solana.klines || value === null) return;
        const { interval, open_time, trades } = decodeKline(value);
        told.set(`${interval} ${open_time}`, trades);
      },
    },
    ...{ logger: silentLogger, metrics: marketMetrics(new Registry()), clock: systemClock },
  };
  const times = { horizonSeconds: 90, resyncIntervalMs: 100 };
  const disputed = new DisputedCandles();
  const view = new LiveView({ chain: "solana", intervals: DEFAULT_INTERVALS, ...times }, ports, {
    state: new MarketState(snapshot, DEFAULT_INTERVALS, 90, undefined, disputed),
    ...{ offsets: snapshot.offsets, disputed, positions },
    publisher: new Publisher("solana", ports, disputed),
  });
  return { view, disputed, told };
}

test("a candle that was let go of is not told from a PostgreSQL that is behind", async () => {
  const { view, disputed, told } = startView(stored, null);
  await view.handle([recordAt(1, 0n, [notYetStored])]);
  expect(told.get(minute)).toBe(2);
  await view.handle([recordAt(1, 1n, [longAfter])]);
  // It is in the snapshot, but no view has told it.
  await view.handle([recordAt(0, 0n, [stored])]);

  expect(told.get(minute)).toBe(2);
  await view.ended;
  expect(disputed.takeAll()).toEqual([moment]);
});

describe("a view that is behind the one before", () => {
  const positions = new Map([[`${TRADES}:1`, 1n]]);

  test("tells what PostgreSQL knows only once it has read as far", async () => {
    const { view, told } = startView(longAfter, positions);
    await view.publish([moment]);
    expect(told.size).toBe(0);
    await view.handle([recordAt(1, 0n, [longAfter])]);
    expect(told.get(minute)).toBe(1);
  });

  test("leaves it to the next one where it is given up before", async () => {
    const { view, disputed, told } = startView(longAfter, positions);
    await view.publish([moment]);
    view.giveUp();
    expect(told.size).toBe(0);
    expect(disputed.takeAll()).toContainEqual(moment);
  });
});
