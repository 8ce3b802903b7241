import { ContractError, decodeBlockOf, decodeTradesOf, TOPICS } from "@candlewick/contracts";
import { type BlockRecord, type ChainName, priceInBase, type Trade } from "@candlewick/domain";
import { type ConsumedRecord, partitionName } from "@candlewick/kafka";

/** Why a trade that was read is not stored. */
export type SkipReason = "no-block-time";

/** What a batch of records comes to, before anything is written. */
export interface BatchContent {
  /** What to store. A trade may stand here more than once: the store knows identities. */
  readonly trades: readonly Trade[];
  readonly blocks: readonly BlockRecord[];
  /** Trades that are not stored, by reason. */
  readonly skipped: ReadonlyMap<SkipReason, number>;
  /** Of the trades to store, those with a zero side: without a price they are in no candle. */
  readonly unpriced: number;
  /** Records that can never be processed. */
  readonly rejected: readonly { readonly record: ConsumedRecord; readonly error: ContractError }[];
  /** The next offset per partition once the batch is stored. */
  readonly next: ReadonlyMap<string, bigint>;
  /** Records that lie below the stored offset: an earlier record at their offset was applied. */
  readonly repeated: readonly ConsumedRecord[];
}

/** Reads a batch. `stored` holds the next offset per partition; what lies below it is set apart. */
export function readBatch(
  chain: ChainName,
  records: readonly ConsumedRecord[],
  stored: ReadonlyMap<string, bigint | null>,
): BatchContent {
  const trades: Trade[] = [];
  const blocks: BlockRecord[] = [];
  const rejected: { record: ConsumedRecord; error: ContractError }[] = [];
  const next = new Map<string, bigint>();
  const repeated: ConsumedRecord[] = [];
  for (const record of records) {
    const name = partitionName(record);
    if (record.offset < (stored.get(name) ?? 0n)) {
      repeated.push(record);
      continue;
    }
    next.set(name, record.offset + 1n);
    try {
      if (record.topic === TOPICS[chain].blocks) blocks.push(decodeBlockOf(chain, record.value));
      else for (const trade of decodeTradesOf(chain, record.value)) trades.push(trade);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      rejected.push({ record, error });
    }
  }
  // A trade without a price is a fact all the same; one without a time has no place in the table.
  const storable = trades.filter(({ block }) => block.time !== null);
  const timeless = trades.length - storable.length;
  return {
    trades: storable,
    blocks,
    skipped: new Map(timeless === 0 ? [] : [["no-block-time", timeless]]),
    unpriced: storable.filter((trade) => priceInBase(trade) === null).length,
    rejected,
    next,
    repeated,
  };
}
