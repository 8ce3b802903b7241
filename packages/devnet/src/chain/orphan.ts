import { slot as asSlot } from "@candlewick/domain";
import type { EncodedBlock } from "../wire/block-encoder.ts";
import type { SlotCalendar } from "./slot-calendar.ts";

/**
 * The block of a slot that dies, made of the block that the chain has next: what was in the lost block is
 * mostly taken up again by the one after it, so that the same transactions stand in both.
 */
export function orphanOf(next: EncodedBlock, slot: number, calendar: SlotCalendar): EncodedBlock {
  const parentSlot = calendar.orphanParentOf(slot);
  const transactions = next.block.transactions.slice(0, Math.ceil(next.block.transactions.length * 0.7));
  const block = {
    ...next.block,
    blockHeight: calendar.heightOf(slot),
    blockTime: calendar.timeOf(slot),
    blockhash: calendar.hashOf(slot),
    parentSlot,
    previousBlockhash: calendar.hashOf(parentSlot),
    transactions,
  };
  const trades = next.trades
    .filter(({ position }) => position.txIndex < transactions.length)
    .map((trade) => ({ ...trade, position: { ...trade.position, slot: asSlot(slot) } }));
  return { block, trades };
}
