import { ContractError, decodeBlock, decodeTrades, TOPICS } from "@candlewick/contracts";
import { type BlockRecord, type ChainName, priceInBase, type Trade } from "@candlewick/domain";
import { type ConsumedRecord, partitionName } from "@candlewick/kafka";

/** Why a trade that was read is stored but counts in no candle, or is not stored at all. */
export type SkipReason = "zero-amount" | "no-block-time";

/** What a batch of records comes to, before anything is written. */
export interface BatchContent {
  /** What to store. A trade may stand here more than once: the store knows identities. */
  readonly trades: readonly Trade[];
  readonly blocks: readonly BlockRecord[];
  /** Trades that will be in no candle, by reason. */
  readonly skipped: ReadonlyMap<SkipReason, number>;
  /** Records that can never be processed. */
  readonly rejected: readonly { readonly record: ConsumedRecord; readonly error: ContractError }[];
  /** The next offset per partition once the batch is stored. */
  readonly next: ReadonlyMap<string, bigint>;
  /** Records that lie below the stored offset: they were applied before. */
  readonly repeated: number;
}

/** Reads a batch. `stored` holds the next offset per partition; what lies below it is passed over. */
export function readBatch(
  chain: ChainName,
  records: readonly ConsumedRecord[],
  stored: ReadonlyMap<string, bigint | null>,
): BatchContent {
  const trades: Trade[] = [];
  const blocks: BlockRecord[] = [];
  const skipped = new Map<SkipReason, number>();
  const rejected: { record: ConsumedRecord; error: ContractError }[] = [];
  const next = new Map<string, bigint>();
  let repeated = 0;
  for (const record of records) {
    const name = partitionName(record);
    if (record.offset < (stored.get(name) ?? 0n)) {
      repeated += 1;
      continue;
    }
    next.set(name, record.offset + 1n);
    try {
      if (record.topic === TOPICS[chain].blocks) blocks.push(decodeBlock(record.value));
      else takeTrades(decodeTrades(record.value), trades, skipped);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      rejected.push({ record, error });
    }
  }
  return { trades, blocks, skipped, rejected, next, repeated };
}

function takeTrades(read: readonly Trade[], trades: Trade[], skipped: Map<SkipReason, number>): void {
  for (const trade of read) {
    const reason = skipReason(trade);
    if (reason !== null) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    // A trade without a price is a fact all the same; one without a time has no place in the table.
    if (reason !== "no-block-time") trades.push(trade);
  }
}

function skipReason(trade: Trade): SkipReason | null {
  if (trade.block.time === null) return "no-block-time";
  return priceInBase(trade) === null ? "zero-amount" : null;
}
