import {
  type BlockRecord,
  type Candle,
  candlesOfTrades,
  DEFAULT_INTERVALS,
  type Interval,
  rawAmount,
  slot,
  type Trade,
  tradeId,
  USDC_MINT,
  WSOL_MINT,
} from "@candlewick/domain";
import fc from "fast-check";
import type { Store } from "../src/index.ts";

/** 2025-04-30 23:50 UTC: the slots below reach over the end of a day, a month and a partition. */
const START = 1_746_057_000;

/** One of the few blocks: two forks of each slot. Time does not run back. */
export interface TestBlock {
  readonly slot: number;
  readonly fork: "a" | "b";
}

export const arbitraryBlock: fc.Arbitrary<TestBlock> = fc.record({
  slot: fc.integer({ min: 0, max: 24 }),
  fork: fc.constantFrom("a" as const, "a" as const, "b" as const),
});

export function blockId(block: TestBlock): string {
  return `${block.fork}${block.slot}-block`;
}

export function blockTime(block: TestBlock): number {
  return START + block.slot * 47;
}

const PAIRS = [
  { pair: "PairOne", base: { mint: WSOL_MINT, decimals: 9 }, token: { mint: 'tok"en\\1', decimals: 6 } },
  { pair: "PairTwo", base: { mint: USDC_MINT, decimals: 6 }, token: { mint: "token2", decimals: 0 } },
  { pair: "PairThree", base: { mint: WSOL_MINT, decimals: 9 }, token: { mint: "token3", decimals: 9 } },
] as const;

const amount = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0n) },
  { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 10n ** 12n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 1n, max: 2n ** 128n }) },
);

/** A trade in one of few places: the same place always holds the same trade. */
export const arbitraryTrade: fc.Arbitrary<Trade> = fc
  .record({
    block: arbitraryBlock,
    txIndex: fc.integer({ min: 0, max: 2 }),
    outer: fc.integer({ min: 0, max: 1 }),
    inner: fc.option(fc.integer({ min: 0, max: 1 })),
    pair: fc.constantFrom(...PAIRS),
    buy: fc.boolean(),
    baseAmount: amount,
    tokenAmount: amount,
    fee: fc.bigInt({ min: 0n, max: 1000n }),
    reserve: fc.option(amount),
    baseUsd: fc.option(fc.bigInt({ min: 0n, max: 400n * 10n ** 9n })),
  })
  .map((r) => ({
    block: { chain: "solana", id: blockId(r.block), slot: slot(r.block.slot), time: blockTime(r.block) },
    tx: `${blockId(r.block)}-tx${r.txIndex}`,
    position: { slot: slot(r.block.slot), txIndex: r.txIndex, outer: r.outer, inner: r.inner, hop: 0 },
    venue: "PumpSwap",
    program: "program",
    pair: r.pair.pair,
    side: r.buy ? "buy" : "sell",
    base: r.pair.base,
    token: r.pair.token,
    baseAmount: rawAmount(r.baseAmount + r.fee),
    tokenAmount: rawAmount(r.tokenAmount),
    poolBaseAmount: rawAmount(r.baseAmount),
    poolTokenAmount: rawAmount(r.tokenAmount),
    baseReserve: r.reserve === null ? null : rawAmount(r.reserve),
    tokenReserve: null,
    baseUsd: r.baseUsd,
    maker: 'ma"ker\\, NULL {}',
    recipient: r.buy ? null : "NULL",
    routeId: null,
  }));

/** Trades that are distinct by identity. */
export function distinctTrades(maxLength = 60): fc.Arbitrary<Trade[]> {
  return fc.uniqueArray(arbitraryTrade, { selector: tradeId, maxLength });
}

/** The same fifty trades for the same seed. */
export function fiftyTrades(seed: number): Trade[] {
  const arbitrary = fc.uniqueArray(arbitraryTrade, { selector: tradeId, minLength: 50, maxLength: 50 });
  return fc.sample(arbitrary, { numRuns: 1, seed })[0] ?? [];
}

/** A record of a block that announces as many trades as `trades` holds of it. */
export function recordOf(
  block: TestBlock,
  status: BlockRecord["status"],
  trades: readonly Trade[],
): BlockRecord {
  const id = blockId(block);
  return {
    chain: "solana",
    slot: slot(block.slot),
    status,
    id,
    parentSlot: null,
    parentId: null,
    height: block.slot,
    time: blockTime(block),
    tradeCount: trades.filter((trade) => trade.block.id === id).length,
    nativeUsd: null,
    nativeUsdSlot: null,
  };
}

/** The pure definition of what the table of candles must hold. */
export function expectedCandles(
  trades: readonly Trade[],
  blocks: readonly BlockRecord[],
  intervals: readonly Interval[] = DEFAULT_INTERVALS,
): Candle[] {
  const has = (id: string, status: BlockRecord["status"]) =>
    blocks.some((block) => block.id === id && block.status === status);
  const distinct = new Map(trades.map((trade) => [tradeId(trade), trade]));
  const counting = [...distinct.values()].filter(
    ({ block }) => !has(block.id, "orphaned") || has(block.id, "finalized"),
  );
  return sortCandles(candlesOfTrades(counting, intervals));
}

export function sortCandles(candles: readonly Candle[]): Candle[] {
  const name = (candle: Candle) => `${candle.pair} ${candle.interval} ${candle.openMs}`;
  return [...candles].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

/** All candles of a store, through its reads. */
export async function storedCandles(
  store: Store,
  intervals: readonly Interval[] = DEFAULT_INTERVALS,
): Promise<Candle[]> {
  const candles: Candle[] = [];
  for (const { pair } of PAIRS) {
    for (const interval of intervals) {
      const found = await store.candles({ pair, interval: interval.name, limit: 100_000 });
      candles.push(...found.map(({ candle }) => candle));
    }
  }
  return sortCandles(candles);
}
