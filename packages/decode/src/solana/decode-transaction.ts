import type { Slot, Swap } from "@candlewick/domain";
import { DecodeError } from "../decode-error.ts";
import { isJsonObject, type JsonObject, typeName } from "../json-value.ts";
import { SkipCounts, swapsOf } from "./swap-assembly.ts";
import { accountTable, SolanaTransaction } from "./transaction.ts";
import { SOLANA_VENUES } from "./venues.ts";

export interface DecodedTransaction {
  /** In position order. */
  readonly swaps: Swap[];
  /** Reason -> how many venue instructions were seen and gave no swap. */
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * Decodes one transaction: an element of a block's `transactions`, or the `result` of getTransaction, both in
 * `json` encoding. A failed transaction gives nothing. Throws a DecodeError for a value that is no transaction
 * or is in another encoding; strange data inside of one is counted in `skipped`.
 */
export function decodeSolanaTransaction(
  transaction: unknown,
  slot: Slot,
  txIndex: number,
): DecodedTransaction {
  const skipped = new SkipCounts();
  const swaps = decodeEntry(transaction, slot, txIndex, skipped, "the transaction");
  return { swaps, skipped: skipped.counts };
}

/** Decodes an entry that stands at `where`, counting into `skipped`. Throws a DecodeError as decodeSolanaTransaction. */
export function decodeEntry(
  entry: unknown,
  slot: Slot,
  txIndex: number,
  skipped: SkipCounts,
  where: string,
): Swap[] {
  if (!isJsonObject(entry)) throw new DecodeError(`${where} is ${typeName(entry)}, not a transaction`);
  const meta = isJsonObject(entry.meta) ? entry.meta : null;
  const { message, signature } = readMessage(entry, where);
  if (meta !== null && hasFailed(meta)) return [];
  const keys = accountTable(message, meta ?? {});
  if (!keys.some(isVenue)) return [];
  if (meta === null) {
    skipped.add("no-metadata");
    return [];
  }
  return swapsOf(new SolanaTransaction({ slot, txIndex, signature, keys, message, meta, isVenue }), skipped);
}

function isVenue(program: string): boolean {
  return SOLANA_VENUES.has(program);
}

function hasFailed(meta: JsonObject): boolean {
  return meta.err !== null && meta.err !== undefined;
}

const ASK_FOR_JSON = 'ask the node for "encoding": "json" and "transactionDetails": "full"';

/** Checks the shape of an entry far enough to tell another encoding from the one that is read. */
function readMessage(entry: JsonObject, where: string): { message: JsonObject; signature: string } {
  const { transaction } = entry;
  if (Array.isArray(transaction) || typeof transaction === "string") {
    const encoding = Array.isArray(transaction) ? String(transaction[1]) : "base58";
    throw new DecodeError(`${where} is encoded as ${encoding}, which is not read; ${ASK_FOR_JSON}`);
  }
  if (!isJsonObject(transaction)) {
    throw new DecodeError(`${where} has no field "transaction" that is an object (${typeName(transaction)})`);
  }
  const { message, signatures } = transaction;
  const listed = isJsonObject(message) ? message.accountKeys : transaction.accountKeys;
  if (Array.isArray(listed) && isJsonObject(listed[0])) {
    const encoding = isJsonObject(message) ? "as jsonParsed" : 'with "transactionDetails": "accounts"';
    throw new DecodeError(`${where} is encoded ${encoding}, which is not read; ${ASK_FOR_JSON}`);
  }
  if (!isJsonObject(message) || !Array.isArray(message.accountKeys)) {
    throw new DecodeError(`${where} has no message with account keys; ${ASK_FOR_JSON}`);
  }
  const signature = Array.isArray(signatures) ? signatures[0] : undefined;
  if (typeof signature !== "string" || signature === "") {
    throw new DecodeError(`${where} has no signature`);
  }
  return { message, signature };
}
