import type { BlockRecord, ChainName, Interval } from "@candlewick/domain";
import type { Logger } from "@candlewick/runtime";
import type { Statement, Transaction } from "../database.ts";
import { count, type Tally } from "./accounting.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { type BlockFacts, factsOf, type RecordWithBlock, recordsWithBlock } from "./block-facts.ts";
import { counts, rank, type StoredBlockStatus } from "./block-status.ts";
import { recomputeBlocks } from "./recompute.ts";
import type { TradeRow } from "./trade-batch.ts";

/** Facts are functions of the block, so records differ only in what they do not know, which GREATEST passes over. */
const UPSERT: Statement = {
  name: "upsert-blocks",
  text: `INSERT INTO blocks AS b (chain, block_id, slot, status, block_time, parent_slot, parent_id, height,
  trade_count, native_usd, native_usd_slot)
SELECT $1, n.* FROM unnest($2::text[], $3::bigint[], $4::block_status[], $5::bigint[], $6::bigint[], $7::text[],
  $8::bigint[], $9::bigint[], $10::numeric[], $11::bigint[])
  AS n(block_id, slot, status, block_time, parent_slot, parent_id, height, trade_count, native_usd, native_usd_slot)
ON CONFLICT (chain, block_id) DO UPDATE SET
  status = GREATEST(b.status, excluded.status),
  block_time = GREATEST(b.block_time, excluded.block_time),
  parent_slot = GREATEST(b.parent_slot, excluded.parent_slot),
  parent_id = GREATEST(b.parent_id, excluded.parent_id),
  height = GREATEST(b.height, excluded.height),
  trade_count = GREATEST(b.trade_count, excluded.trade_count),
  native_usd = GREATEST(b.native_usd, excluded.native_usd),
  native_usd_slot = GREATEST(b.native_usd_slot, excluded.native_usd_slot)
WHERE (excluded.status > b.status) OR (excluded.status > 'seen' AND (excluded.block_time, excluded.parent_slot,
  excluded.parent_id, excluded.height, excluded.trade_count, excluded.native_usd, excluded.native_usd_slot)
  IS DISTINCT FROM (b.block_time, b.parent_slot, b.parent_id, b.height, b.trade_count, b.native_usd, b.native_usd_slot))`,
};

const COUNT_TRADES: Statement = {
  name: "count-trades-of-blocks",
  text: `SELECT count(*)::int AS trades FROM trades
WHERE chain = $1 AND block_id = ANY ($2::text[])`,
};

const NOTE_SLOTS: Statement = {
  name: "note-slots",
  text: `INSERT INTO slots (chain, slot, status, attempts, reason)
SELECT $1, n.slot, n.status, 0, 'told by a block record'
FROM unnest($2::bigint[], $3::slot_status[]) AS n(slot, status)
ON CONFLICT DO NOTHING`,
};

export interface BlockEffect {
  readonly withdrawn: number;
  readonly restored: number;
  readonly stale: number;
  readonly candles: number;
}

/** Stores a batch's block records and the blocks of its new trades, and remakes the candles of blocks that changed sides. */
export async function applyBlocks(
  transaction: Transaction,
  batch: {
    readonly chain: ChainName;
    readonly blocks: readonly BlockRecord[];
    readonly statuses: ReadonlyMap<string, StoredBlockStatus>;
    readonly inserted: readonly TradeRow[];
    readonly intervals: readonly Interval[];
  },
  tally: Tally,
  logger: Logger,
): Promise<BlockEffect> {
  const { chain, statuses } = batch;
  for (const { status } of batch.blocks) count(tally, `block:${status}`, 1);
  await noteSlots(transaction, chain, batch.blocks);
  const records = recordsWithBlock(batch.blocks, tally, logger);
  const facts = factsOf(records, batch.inserted);
  await upsert(transaction, chain, facts);
  const stale = records.filter(({ id, status }) => rank(status) < rank(statuses.get(id) ?? "seen"));
  warnOfContradictions(chain, stale, logger);
  const turned = (from: boolean) =>
    facts
      .filter(({ id, status }) => {
        const before = statuses.get(id) ?? "seen";
        const after = rank(status) > rank(before) ? status : before;
        return counts(before) === from && counts(after) !== from;
      })
      .map(({ id }) => id);
  const [withdrawn, restored] = [turned(true), turned(false)];
  const changed = [...withdrawn, ...restored];
  return {
    withdrawn: await countTrades(transaction, chain, withdrawn),
    restored: await countTrades(transaction, chain, restored),
    stale: stale.length,
    candles: changed.length === 0 ? 0 : await recomputeBlocks(transaction, chain, batch.intervals, changed),
  };
}

function warnOfContradictions(chain: ChainName, stale: readonly RecordWithBlock[], logger: Logger): void {
  for (const { id, slot, status } of stale) {
    if (status !== "orphaned") continue;
    logger.warn("a finalized block was said to be orphaned: it stays", { chain, slot, block: id });
  }
}

async function upsert(
  transaction: Transaction,
  chain: ChainName,
  facts: readonly BlockFacts[],
): Promise<void> {
  if (facts.length === 0) return;
  await transaction.query(UPSERT, [
    chain,
    textArray(facts.map(({ id }) => id)),
    numberArray(facts.map(({ slot }) => slot)),
    textArray(facts.map(({ status }) => status)),
    numberArray(facts.map(({ time }) => time)),
    numberArray(facts.map(({ parentSlot }) => parentSlot)),
    textArray(facts.map(({ parentId }) => parentId)),
    numberArray(facts.map(({ height }) => height)),
    numberArray(facts.map(({ tradeCount }) => tradeCount)),
    numberArray(facts.map(({ nativeUsd }) => nativeUsd)),
    numberArray(facts.map(({ nativeUsdSlot }) => nativeUsdSlot)),
  ]);
}

/** A slot without a block that ingest's ledger does not know: its records came from elsewhere. */
async function noteSlots(
  transaction: Transaction,
  chain: ChainName,
  blocks: readonly BlockRecord[],
): Promise<void> {
  const empty = new Map<number, string>();
  for (const { slot, status } of blocks) {
    if (status === "skipped" || (status === "failed" && !empty.has(slot))) empty.set(slot, status);
  }
  if (empty.size === 0) return;
  const rows = [...empty].sort(([a], [b]) => a - b);
  await transaction.query(NOTE_SLOTS, [
    chain,
    numberArray(rows.map(([slot]) => slot)),
    textArray(rows.map(([, status]) => status)),
  ]);
}

async function countTrades(
  transaction: Transaction,
  chain: ChainName,
  blockIds: readonly string[],
): Promise<number> {
  if (blockIds.length === 0) return 0;
  const rows = await transaction.query<{ trades: number }>(COUNT_TRADES, [chain, textArray(blockIds)]);
  return rows[0]?.trades ?? 0;
}
