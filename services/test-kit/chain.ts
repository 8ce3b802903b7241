import {
  type BlockRecord,
  rawAmount,
  type Slot,
  slot,
  type Trade,
  tradeId,
  WSOL_MINT,
} from "@candlewick/domain";
import fc from "fast-check";

/** 2025-04-30 23:50 UTC: the slots below reach over the end of a day, a month and a partition. */
const START = 1_746_057_000;
const SECONDS_PER_SLOT = 7;
/** From this slot on five hours have passed, so that there are older prices to compare with. */
export const PAUSE_SLOT = 60;
const PAUSE_SECONDS = 5 * 3_600;

/** Names its blocks and pairs by a prefix, so that the tests of one database do not meet. */
export interface TestBlock {
  readonly prefix: string;
  readonly slot: number;
  readonly fork: "a" | "b";
}

export function blockId(block: TestBlock): string {
  return `${block.prefix}-${block.fork}${block.slot}`;
}

/** The database has one head: each test plays two days and many slots after the one before. */
function turnOf({ prefix }: TestBlock): number {
  return Number(/\d+$/.exec(prefix)?.[0] ?? 0);
}

function slotOf(block: TestBlock): Slot {
  return slot(block.slot + turnOf(block) * 10_000);
}

function timeOf(block: TestBlock): number {
  const pauseSeconds = block.slot >= PAUSE_SLOT ? PAUSE_SECONDS : 0;
  return START + turnOf(block) * 2 * 86_400 + block.slot * SECONDS_PER_SLOT + pauseSeconds;
}

export interface TradeFacts {
  readonly block: TestBlock;
  readonly txIndex: number;
  readonly pair?: number;
  readonly base?: bigint;
  readonly token?: bigint;
  readonly baseUsd?: bigint | null;
}

/** A trade at a place of the chain: the same place and facts are the same trade. */
export function tradeAt({ block, txIndex, pair = 0, base = 1_500n, token = 7n, ...rest }: TradeFacts): Trade {
  const at = slotOf(block);
  return {
    block: { chain: "solana", id: blockId(block), slot: at, time: timeOf(block) },
    tx: `${blockId(block)}-tx${txIndex}`,
    position: { slot: at, txIndex, outer: 0, inner: null, hop: 0 },
    venue: "PumpSwap",
    program: "program",
    pair: pairName(block.prefix, pair),
    side: txIndex % 2 === 0 ? "buy" : "sell",
    base: { mint: WSOL_MINT, decimals: 9 },
    token: { mint: `token${pair}`, decimals: 6 },
    baseAmount: rawAmount(base + 3n),
    tokenAmount: rawAmount(token),
    poolBaseAmount: rawAmount(base),
    poolTokenAmount: rawAmount(token),
    baseReserve: null,
    tokenReserve: null,
    baseUsd: rest.baseUsd === undefined ? 150_000_000_000n : rest.baseUsd,
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}

export function pairName(prefix: string, pair: number): string {
  return `${prefix}-pair${pair}`;
}

/** The record of a block with so many trades. */
export function recordOf(block: TestBlock, status: BlockRecord["status"], tradeCount: number): BlockRecord {
  return {
    chain: "solana",
    slot: slotOf(block),
    status,
    id: blockId(block),
    parentSlot: null,
    parentId: null,
    height: null,
    time: timeOf(block),
    tradeCount,
    nativeUsd: null,
    nativeUsdSlot: null,
  };
}

/** A block with its trades, and whether it stays. */
export interface BlockStory {
  readonly block: TestBlock;
  readonly trades: readonly Trade[];
  readonly orphaned: boolean;
}

export const PAIRS = 3;

/** Blocks of two forks; most stay. The same seed gives the same ones. */
export function storyOf(prefix: string, slots: number, seed: number): BlockStory[] {
  const amount = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0n) },
    { weight: 8, arbitrary: fc.bigInt({ min: 1n, max: 10n ** 12n }) },
    { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 2n ** 100n }) },
  );
  const trade = fc.record({
    pair: fc.nat(PAIRS - 1),
    base: amount,
    token: amount,
    baseUsd: fc.option(fc.bigInt({ min: 1n, max: 400n * 10n ** 9n })),
  });
  const story = fc.record({ trades: fc.array(trade, { maxLength: 6 }), orphaned: fc.boolean() });
  const forks = ["a", "b"] as const;
  const stories = fc.sample(fc.array(story, { minLength: 2 * slots, maxLength: 2 * slots }), {
    numRuns: 1,
    seed,
  })[0];
  return (stories ?? []).map(({ trades, orphaned }, index) => {
    const block: TestBlock = { prefix, slot: index >> 1, fork: forks[index % 2] ?? "a" };
    return {
      block,
      trades: trades.map((facts, txIndex) => tradeAt({ block, txIndex, ...facts })),
      orphaned: orphaned && block.fork === "b",
    };
  });
}

/** The distinct trades of the blocks that stay. */
export function canonicalTrades(stories: readonly BlockStory[]): Trade[] {
  const trades = stories.filter(({ orphaned }) => !orphaned).flatMap((story) => story.trades);
  return [...new Map(trades.map((trade) => [tradeId(trade), trade])).values()];
}
