import type { BlockRecord } from "@candlewick/domain";
import type { Logger } from "@candlewick/runtime";
import { count, type Tally } from "./accounting.ts";
import { rank, type StoredBlockStatus } from "./block-status.ts";
import { compareTexts, type TradeRow } from "./trade-batch.ts";

/** A block as a batch tells it: from its records, or only from its trades (`seen`). */
export interface BlockFacts {
  readonly id: string;
  readonly status: StoredBlockStatus;
  readonly slot: number;
  readonly time: number | null;
  readonly parentSlot: number | null;
  readonly parentId: string | null;
  readonly height: number | null;
  readonly tradeCount: number | null;
  readonly nativeUsd: bigint | null;
  readonly nativeUsdSlot: number | null;
}

/** A record that names a block. */
export interface RecordWithBlock extends BlockRecord {
  readonly id: string;
  readonly status: Exclude<BlockRecord["status"], "skipped" | "failed">;
}

/** The records of a batch that name a block; skipped and failed slots have none. */
export function recordsWithBlock(
  blocks: readonly BlockRecord[],
  tally: Tally,
  logger: Logger,
): RecordWithBlock[] {
  const records: RecordWithBlock[] = [];
  for (const block of blocks) {
    const { id, status, slot } = block;
    if (status === "skipped" || status === "failed") continue;
    if (id === null) {
      count(tally, "block-without-id", 1);
      logger.warn("a block record names no block and is passed over", { slot, status });
    } else records.push({ ...block, id, status });
  }
  return records;
}

/** The blocks of a batch, each once, by id. */
export function factsOf(records: readonly RecordWithBlock[], inserted: readonly TradeRow[]): BlockFacts[] {
  const facts = new Map<string, BlockFacts>();
  for (const { trade, time } of inserted) {
    const { id, slot } = trade.block;
    if (!facts.has(id)) facts.set(id, { ...UNKNOWN, id, slot, time });
  }
  for (const record of records) {
    const known = facts.get(record.id) ?? { ...UNKNOWN, id: record.id, slot: record.slot };
    facts.set(record.id, {
      id: record.id,
      slot: record.slot,
      status: rank(record.status) > rank(known.status) ? record.status : known.status,
      time: greatest(known.time, record.time),
      parentSlot: greatest(known.parentSlot, record.parentSlot),
      parentId: greatest(known.parentId, record.parentId),
      height: greatest(known.height, record.height),
      tradeCount: greatest(known.tradeCount, record.tradeCount),
      nativeUsd: greatest(known.nativeUsd, record.nativeUsd),
      nativeUsdSlot: greatest<number>(known.nativeUsdSlot, record.nativeUsdSlot),
    });
  }
  return [...facts.values()].sort((a, b) => compareTexts(a.id, b.id));
}

const UNKNOWN = {
  status: "seen",
  time: null,
  parentSlot: null,
  parentId: null,
  height: null,
  tradeCount: null,
  nativeUsd: null,
  nativeUsdSlot: null,
} as const satisfies Partial<BlockFacts>;

function greatest<Value extends number | bigint | string>(a: Value | null, b: Value | null): Value | null {
  if (a === null) return b;
  return b === null || b < a ? a : b;
}
