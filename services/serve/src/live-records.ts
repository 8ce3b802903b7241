import {
  ContractError,
  decodeBlock,
  decodeKline,
  decodePriceChange,
  parseJson,
  TOPICS,
  type TradeWithPair,
} from "@candlewick/contracts";
import { type BlockRecord, type ChainName, isCanonical } from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import type { HubEvent } from "./hub-event.ts";

/** What a live record means; null for one that says nothing here. */
export interface LiveRecord {
  readonly event: HubEvent | null;
  readonly block: BlockRecord | null;
}

/** Reads a record of the live topics of a chain. Throws a ContractError where it is not what its topic carries. `nowMs`: when it came. */
export function readLiveRecord(chain: ChainName, record: ConsumedRecord, nowMs: number): LiveRecord {
  const topics = TOPICS[chain];
  switch (record.topic) {
    case topics.klines:
      return only({ kind: "kline", kline: decodeKline(record.value), atMs: nowMs });
    case topics.trades:
      return only({ kind: "trades", trades: readTrades(record.value) });
    case topics.priceChange:
      return only({ kind: "price", change: decodePriceChange(record.value) });
    case topics.blocks: {
      const block = decodeBlock(record.value);
      if (block.id === null) return { event: null, block };
      return { event: { kind: "block", blockId: block.id, canonical: isCanonical(block.status) }, block };
    }
    default:
      throw new ContractError("topic", `${record.topic} is not a live topic`);
  }
}

function only(event: HubEvent): LiveRecord {
  return { event, block: null };
}

/** The trades of a message as they came: they are handed on, not computed with, so only their frame is looked at. */
function readTrades(value: Uint8Array | null): TradeWithPair[] {
  const json = parseJson(value);
  if (!Array.isArray(json)) throw new ContractError("message", "is not an array of trades");
  for (const [index, item] of json.entries()) {
    if (!isTrade(item)) throw new ContractError(`[${index}]`, "is not a trade");
  }
  return json;
}

function isTrade(item: unknown): item is TradeWithPair {
  if (typeof item !== "object" || item === null) return false;
  const trade = item as Partial<Record<keyof TradeWithPair, unknown>>;
  return (
    typeof trade.pair_addr === "string" &&
    typeof trade.block_id === "string" &&
    typeof trade.tx_hash === "string" &&
    isIndex(trade.slot) &&
    isIndex(trade.transaction_index) &&
    isIndex(trade.outer_index) &&
    (trade.inner_index === null || isIndex(trade.inner_index)) &&
    isIndex(trade.hop_index)
  );
}

function isIndex(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
