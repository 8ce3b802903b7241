import type { Slot } from "@candlewick/domain";
import { arrayOrEmpty, isJsonObject, type JsonObject } from "../json-value.ts";
import type { CompiledCall } from "./instruction.ts";
import { jsonLamports } from "./lamports.ts";
import { logOf, type TransactionLog } from "./log.ts";
import { readJsonBalances } from "./token-balance.ts";
import type { TransactionContent } from "./transaction.ts";

/** Where a transaction stands, and by what it is named. */
export interface TransactionPlace {
  readonly slot: Slot;
  readonly txIndex: number;
  readonly signature: string;
}

/** What the metadata tell, the same in the encodings `json` and `base64`. `log`: read apart, where it was. */
export function metadataContent(
  meta: JsonObject,
  log: TransactionLog | null,
): Pick<TransactionContent, "inner" | "balancesBefore" | "balancesAfter" | "lamports" | "log"> {
  const inner = new Map<number, readonly CompiledCall[]>();
  for (const group of arrayOrEmpty(meta.innerInstructions)) {
    if (isJsonObject(group) && typeof group.index === "number") {
      inner.set(group.index, readCalls(group.instructions));
    }
  }
  return {
    inner,
    balancesBefore: readJsonBalances(meta.preTokenBalances),
    balancesAfter: readJsonBalances(meta.postTokenBalances),
    lamports: jsonLamports(meta),
    log: log ?? logOf(arrayOrEmpty(meta.logMessages)),
  };
}

/** The account table: static keys, then the loaded writable, then the loaded read-only ones. */
export function accountTable(statics: unknown, meta: JsonObject): string[] {
  const keys: string[] = [];
  appendKeys(keys, statics);
  const loaded = meta.loadedAddresses;
  if (isJsonObject(loaded)) {
    appendKeys(keys, loaded.writable);
    appendKeys(keys, loaded.readonly);
  }
  return keys;
}

function appendKeys(keys: string[], list: unknown): void {
  // A key that is no text keeps its place, or all later indexes would shift.
  for (const key of arrayOrEmpty(list)) keys.push(typeof key === "string" ? key : "");
}

/** A list of instructions in the form of `json`: indexes into the account table, data in base58. */
export function readCalls(list: unknown): CompiledCall[] {
  return arrayOrEmpty(list).map(readCall);
}

function readCall(entry: unknown): CompiledCall {
  const { programIdIndex, accounts, data, stackHeight } = isJsonObject(entry) ? entry : NO_FIELDS;
  return {
    program: typeof programIdIndex === "number" ? programIdIndex : -1,
    accounts: isIndexList(accounts) ? accounts : [],
    data: typeof data === "string" ? data : "",
    height: typeof stackHeight === "number" ? stackHeight : null,
  };
}

const NO_FIELDS: JsonObject = {};

function isIndexList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((index) => typeof index === "number");
}
