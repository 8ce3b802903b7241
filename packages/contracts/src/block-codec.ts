import { type BlockRecord, type BlockStatus, CHAIN_IDS } from "@candlewick/domain";
import { Fields } from "./fields.ts";
import { parseJson } from "./trade-codec.ts";

const STATUSES: readonly BlockStatus[] = [
  "processed",
  "confirmed",
  "finalized",
  "orphaned",
  "skipped",
  "failed",
];

/** The message form of a block record: one JSON object. */
export function encodeBlock(block: BlockRecord): Buffer {
  return Buffer.from(
    JSON.stringify({
      chain_id: String(CHAIN_IDS[block.chain]),
      chain_id_int: CHAIN_IDS[block.chain],
      slot: block.slot,
      status: block.status,
      block_id: block.id,
      parent_slot: block.parentSlot,
      parent_id: block.parentId,
      height: block.height,
      block_time: block.time,
      trade_count: block.tradeCount,
      native_price_usd: block.nativeUsd === null ? null : Number(block.nativeUsd) / 1e9,
      native_price_slot: block.nativeUsdSlot,
    }),
  );
}

/** Reads a block record. Throws a ContractError that names the field where it is not one. */
export function decodeBlock(value: Uint8Array | null): BlockRecord {
  const fields = new Fields(parseJson(value), "block");
  return {
    chain: fields.chain("chain_id_int"),
    slot: fields.slot("slot"),
    status: fields.oneOf("status", STATUSES),
    id: fields.stringOrNull("block_id"),
    parentSlot: fields.slotOrNull("parent_slot"),
    parentId: fields.stringOrNull("parent_id"),
    height: fields.countOrNull("height"),
    time: fields.countOrNull("block_time", 8_640_000_000),
    tradeCount: fields.count("trade_count"),
    nativeUsd: fields.nanoUsdOrNull("native_price_usd"),
    nativeUsdSlot: fields.slotOrNull("native_price_slot"),
  };
}
