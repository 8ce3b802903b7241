import { type BlockRecord, bucketOpenMs, type ChainName, type Interval } from "@candlewick/domain";
import { CandlewickError, type Logger } from "@candlewick/runtime";
import type { Database, Statement, Transaction } from "../database.ts";
import { errorCode } from "../database-error.ts";
import type { Checkpoint, CheckpointResult } from "../store.ts";
import { addAccounting, count, countReceived, type Tally } from "./accounting.ts";
import { applyBlocks } from "./block-records.ts";
import { blockStatuses, changesCanonicalState, counts, type StoredBlockStatus } from "./block-status.ts";
import { candleDeltas } from "./candle-delta.ts";
import { addCandleIntervals, candleIntervals } from "./candle-intervals.ts";
import { mergeCandles } from "./candle-merge.ts";
import { type ChainLock, lockChain } from "./chain-lock.ts";
import { advanceOffsets, sortedOffsets } from "./offset-advance.ts";
import { learnPairFacts } from "./pair-facts.ts";
import { upsertPairs } from "./pair-upsert.ts";
import { recomputeAll } from "./recompute.ts";
import { type TradeBatch, type TradeRow, tradeBatch, tradesByChain } from "./trade-batch.ts";
import { insertTrades } from "./trade-insert.ts";
import type { TradePartitions } from "./trade-partition.ts";

export interface CheckpointDeps {
  readonly database: Database;
  readonly partitions: TradePartitions;
  readonly logger: Logger;
  /** How the batches went lately. */
  readonly recent: { batchesSinceDuplicates: number };
}

/** After so many batches without a trade that was stored before, the next is expected to have none either. */
const DUPLICATES_FADE_AFTER = 3;

/** The part of a batch that belongs to one chain. */
interface ChainBatch {
  readonly chain: ChainName;
  readonly trades: TradeBatch;
  readonly blocks: readonly BlockRecord[];
}

/** What a transaction reads of a chain once it has its lock. */
interface ChainState {
  readonly intervals: readonly Interval[];
  readonly missing: readonly Interval[];
  readonly statuses: ReadonlyMap<string, StoredBlockStatus>;
}

/** What PostgreSQL answers to one of two transactions that wait for each other, and to a row without a partition. */
const DEADLOCK_OR_CONFLICT = ["40P01", "40001"];
const NO_PARTITION = "23514";
const MAX_ATTEMPTS = 5;

/**
 * Stores a batch in one transaction. All that it writes is a function of the set of records stored so far:
 * order, splitting, repetition and concurrency of batches change nothing but the revisions.
 */
export async function writeCheckpoint(deps: CheckpointDeps, batch: Checkpoint): Promise<CheckpointResult> {
  sortedOffsets(batch.offsets);
  const chains = chainBatches(batch);
  const lock: { mode: ChainLock } = { mode: "shared" };
  for (let attempt = 1; ; attempt++) {
    try {
      await deps.partitions.ensure(partitionTimes(chains));
      const expectNew = deps.recent.batchesSinceDuplicates >= DUPLICATES_FADE_AFTER;
      const how = { lock: lock.mode, expectNew, logger: deps.logger };
      const result = await deps.database.transaction("read-write", (transaction) =>
        writeAll(transaction, batch, chains, how),
      );
      if (result === "needs-exclusive") lock.mode = "exclusive";
      else {
        const repeated = batch.trades.length > result.inserted;
        deps.recent.batchesSinceDuplicates = repeated ? 0 : deps.recent.batchesSinceDuplicates + 1;
        return result;
      }
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !canRepeat(error)) throw error;
      deps.partitions.forget();
      deps.logger.debug("a checkpoint is repeated", { attempt, reason: String(error) });
    }
  }
}

function canRepeat(error: unknown): boolean {
  const code = error instanceof CandlewickError ? errorCode(error.cause) : "";
  return code === NO_PARTITION || DEADLOCK_OR_CONFLICT.includes(code);
}

function chainBatches(batch: Checkpoint): ChainBatch[] {
  const trades = tradesByChain(batch.trades);
  const chains = new Set([...trades.keys(), ...batch.blocks.map(({ chain }) => chain)]);
  return [...chains].sort().map((chain) => ({
    chain,
    trades: tradeBatch(trades.get(chain) ?? []),
    blocks: batch.blocks.filter((block) => block.chain === chain),
  }));
}

function partitionTimes(chains: readonly ChainBatch[]): Set<number> {
  return new Set(chains.flatMap(({ trades }) => trades.rounds.flat().map(({ time }) => time)));
}

interface Manner {
  readonly lock: ChainLock;
  readonly expectNew: boolean;
  readonly logger: Logger;
}

async function writeAll(
  transaction: Transaction,
  batch: Checkpoint,
  chains: readonly ChainBatch[],
  how: Manner,
): Promise<CheckpointResult | "needs-exclusive"> {
  const { lock } = how;
  for (const { chain } of chains) await lockChain(transaction, chain, lock);
  const parts: { readonly part: ChainBatch; readonly state: ChainState }[] = [];
  for (const part of chains) {
    const state = await readState(transaction, part, batch.intervals);
    // A lock cannot be made stronger without a deadlock between two who try: nothing is written yet, begin again.
    if (lock === "shared" && needsExclusive(part, state)) return "needs-exclusive";
    parts.push({ part, state });
  }
  await advanceOffsets(transaction, batch.group, batch.offsets);
  const tally: Tally = new Map();
  countReceived(tally, batch);
  let result = NOTHING;
  for (const { part, state } of parts) {
    result = sum(result, await writeChain(transaction, how, part, state, tally));
  }
  countResult(tally, result);
  await addAccounting(transaction, batch, tally);
  return result;
}

async function readState(
  transaction: Transaction,
  { chain, trades, blocks }: ChainBatch,
  wanted: readonly Interval[],
): Promise<ChainState> {
  const intervals = await candleIntervals(transaction, chain);
  const known = new Set(intervals.map(({ name }) => name));
  const missing = wanted.filter(({ name }) => !known.has(name));
  const ids = new Set(trades.rounds.flat().map(({ trade }) => trade.block.id));
  for (const { id } of blocks) if (id !== null) ids.add(id);
  return {
    intervals: [...intervals, ...missing],
    missing,
    statuses: await blockStatuses(transaction, chain, [...ids].sort()),
  };
}

function needsExclusive({ blocks }: ChainBatch, { missing, statuses }: ChainState): boolean {
  return missing.length > 0 || changesCanonicalState(blocks, statuses);
}

async function writeChain(
  transaction: Transaction,
  { logger, expectNew }: Manner,
  { chain, trades, blocks }: ChainBatch,
  { intervals, missing, statuses }: ChainState,
  tally: Tally,
): Promise<CheckpointResult> {
  let candles = 0;
  if (missing.length > 0) {
    await addCandleIntervals(transaction, chain, missing);
    candles += await recomputeAll(transaction, chain, missing);
  }
  const head = await headTime(transaction, chain);
  const assetConflicts = await upsertPairs(transaction, chain, trades);
  await learnPairFacts(transaction, chain, trades);
  if (assetConflicts > 0) logger.warn("trades name other assets than their pair", { chain, assetConflicts });
  const inserted = await insertTrades(transaction, chain, trades, expectNew);
  const counted = inserted.filter(({ trade }) => counts(statuses.get(trade.block.id) ?? "seen"));
  const deltas = candleDeltas(chain, counted, intervals);
  await mergeCandles(transaction, chain, deltas);
  const effect = await applyBlocks(
    transaction,
    { chain, blocks, statuses, inserted, intervals },
    tally,
    logger,
  );
  const late = counted.filter((row) => isLate(row, intervals, head)).length;
  return {
    inserted: inserted.length,
    applied: counted.length - late,
    late,
    retracted: inserted.length - counted.length,
    duplicate: trades.duplicate + trades.distinct - inserted.length,
    withdrawn: effect.withdrawn,
    restored: effect.restored,
    staleBlocks: effect.stale,
    assetConflicts,
    candles: candles + deltas.length + effect.candles,
  };
}

const HEAD: Statement = {
  name: "head-time",
  text: `SELECT block_time FROM blocks WHERE chain = $1 AND status <> 'orphaned' AND block_time IS NOT NULL
ORDER BY slot DESC LIMIT 1`,
};

async function headTime(transaction: Transaction, chain: ChainName): Promise<number | null> {
  const rows = await transaction.query<{ block_time: string }>(HEAD, [chain]);
  return rows[0] === undefined ? null : Number(rows[0].block_time);
}

/** Whether the shortest candle of a trade had closed at the head before this batch. */
function isLate({ time }: TradeRow, intervals: readonly Interval[], head: number | null): boolean {
  const shortest = intervals.reduce<Interval | null>((a, b) => (a === null || b.ms < a.ms ? b : a), null);
  if (head === null || shortest === null) return false;
  return bucketOpenMs(shortest, time * 1000) + shortest.ms <= head * 1000;
}

const NOTHING: CheckpointResult = {
  inserted: 0,
  applied: 0,
  late: 0,
  retracted: 0,
  duplicate: 0,
  withdrawn: 0,
  restored: 0,
  staleBlocks: 0,
  assetConflicts: 0,
  candles: 0,
};

function sum(a: CheckpointResult, b: CheckpointResult): CheckpointResult {
  return {
    inserted: a.inserted + b.inserted,
    applied: a.applied + b.applied,
    late: a.late + b.late,
    retracted: a.retracted + b.retracted,
    duplicate: a.duplicate + b.duplicate,
    withdrawn: a.withdrawn + b.withdrawn,
    restored: a.restored + b.restored,
    staleBlocks: a.staleBlocks + b.staleBlocks,
    assetConflicts: a.assetConflicts + b.assetConflicts,
    candles: a.candles + b.candles,
  };
}

function countResult(tally: Tally, result: CheckpointResult): void {
  count(tally, "applied", result.applied);
  count(tally, "late", result.late);
  count(tally, "retracted", result.retracted);
  count(tally, "duplicate", result.duplicate);
  count(tally, "withdrawn", result.withdrawn);
  count(tally, "restored", result.restored);
  count(tally, "block-stale", result.staleBlocks);
  count(tally, "asset-conflict", result.assetConflicts);
}
