import { decodeKline, encodeTrades, TOPICS } from "@candlewick/contracts";
import { candlesOfTrades, DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import type { MarketSnapshot } from "@candlewick/store";
import { expect, test } from "vitest";
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

test("a candle that was let go of is not told from a PostgreSQL that is behind", async () => {
  const block = (slot: number): TestBlock => ({ prefix: "t0", slot, fork: "a" });
  const stored = tradeAt({ block: block(0), txIndex: 0 });
  const notYetStored = tradeAt({ block: block(1), txIndex: 0 });
  const longAfter = tradeAt({ block: block(60), txIndex: 0 });
  const { base, token, pair, venue, program } = stored;
  const assets = { base, token };
  const inStore = candlesOfTrades([stored], DEFAULT_INTERVALS).map((candle) => ({
    ...{ candle, assets, revision: 1 },
  }));
  const snapshot: MarketSnapshot = {
    ...{ chain: "solana", headSlot: 0, headTime: stored.block.time },
    offsets: new Map([[`${TRADES}:0`, 1n]]),
    pairs: [
      {
        pair: { ...{ chain: "solana", address: pair, venue, program, firstSlot: 0 }, ...assets },
        ...{ latest: inStore, closes: [], recent: [] },
      },
    ],
  };
  const told = new Map<string, number>();
  const ports = {
    snapshot: () => Promise.reject(new Error("one view is enough")),
    candles: async ({ interval }: { interval: string }) =>
      inStore.filter(({ candle }) => candle.interval === interval),
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
  const options = { chain: "solana", intervals: DEFAULT_INTERVALS, ...times } as const;
  const disputed = new DisputedCandles();
  const state = new MarketState(snapshot, DEFAULT_INTERVALS, 90, undefined, disputed);
  const view = new LiveView(options, ports, {
    ...{ state, offsets: snapshot.offsets, disputed, positions: null },
    publisher: new Publisher("solana", ports, disputed),
  });
  const minute = `1m ${inStore.find(({ candle }) => candle.interval === "1m")?.candle.openMs}`;

  await view.handle([recordAt(1, 0n, [notYetStored])]);
  expect(told.get(minute)).toBe(2);
  await view.handle([recordAt(1, 1n, [longAfter])]);
  // It is in the snapshot, but no view has told it.
  await view.handle([recordAt(0, 0n, [stored])]);

  expect(told.get(minute)).toBe(2);
  await view.ended;
  expect(disputed.list()).toEqual([{ pair, timeMs: (stored.block.time ?? 0) * 1000 }]);
});
