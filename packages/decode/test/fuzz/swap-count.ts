import { base58 } from "@scure/base";
import { SOLANA_PROGRAMS } from "../../src/index.ts";
import type { Json } from "../recorded-data.ts";

/** Instructions that are swaps, by venue: discriminators or, at Raydium v4, tags. */
const SWAPS: Readonly<Record<string, readonly string[]>> = {
  PumpFun: [
    "66063d1201daebea",
    "33e685a4017f83ad",
    "38fc74089edfcd5f",
    "b817ee6167c5d33d",
    "07051dc4f5176550",
  ],
  PumpSwap: [
    "66063d1201daebea",
    "33e685a4017f83ad",
    "c62e1552b4d9e870",
    "b817ee6167c5d33d",
    "5df6823ce7e940b2",
  ],
  RaydiumV4: ["09", "0b", "10", "11"],
  RaydiumClmm: ["f8c69e91e17587c8", "2b04ed0b1ac91e62", "457d73daf5baf2c4"],
  RaydiumCpmm: ["8fbe5adac41e33de", "37d96256a34ab4ad"],
  OrcaWhirlpool: ["f8c69e91e17587c8", "2b04ed0b1ac91e62", "c360ed6c44a2dbe6", "ba8fd11dfe02c275"],
  MeteoraDlmm: ["f8c69e91e17587c8", "414b3f4ceb5b5b88", "fa49652126cf4bb8"],
  MeteoraDammV1: ["f8c69e91e17587c8"],
  MeteoraDammV2: ["f8c69e91e17587c8", "414b3f4ceb5b5b88"],
  RaydiumLaunchLab: ["faea0d7bd59c13ec", "18d3742869039938", "9527de9bd37c981a", "5fc8472208090ba6"],
  Moonshot: ["66063d1201daebea", "33e685a4017f83ad"],
  MeteoraDbc: ["f8c69e91e17587c8", "414b3f4ceb5b5b88"],
};
const VENUE_OF = new Map(Object.entries(SOLANA_PROGRAMS).map(([venue, program]) => [program, venue]));

/**
 * How many swap instructions a transaction holds at least, counted without the decoder: each has to end as a
 * swap or as a counted reason. Zero for what is no successful transaction.
 */
export function countSwaps(entry: Json): number {
  const { transaction, meta } = entry as { transaction?: Json; meta?: Json | null };
  const message = isObject(transaction) && isObject(transaction.message) ? transaction.message : null;
  if (!isObject(meta) || (meta.err !== null && meta.err !== undefined) || message === null) return 0;
  const loaded = isObject(meta.loadedAddresses) ? meta.loadedAddresses : {};
  const keys = [message.accountKeys, loaded.writable, loaded.readonly].flatMap(listOf);
  const outer = listOf(message.instructions);
  const groups = new Map<unknown, unknown>();
  for (const group of listOf(meta.innerInstructions))
    if (isObject(group)) groups.set(group.index, group.instructions);
  const inner = outer.flatMap((_, index) => listOf(groups.get(index)));
  return [...outer, ...inner].filter((call) => isObject(call) && isSwap(call, keys)).length;
}

function isSwap({ programIdIndex, data }: Json, keys: readonly unknown[]): boolean {
  const venue = VENUE_OF.get(String(typeof programIdIndex === "number" ? keys[programIdIndex] : ""));
  if (venue === undefined || typeof data !== "string" || data.length > 14_000) return false;
  try {
    const name = Buffer.from(base58.decode(data)).toString("hex");
    return (SWAPS[venue] ?? []).some((swap) => name.startsWith(swap));
  } catch {
    // What is not base58 names nothing.
    return false;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
