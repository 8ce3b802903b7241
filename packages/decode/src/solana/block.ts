import { type Slot, slot as toSlot } from "@candlewick/domain";
import { DecodeError } from "../decode-error.ts";
import { isJsonObject, type JsonObject, typeName } from "../json-value.ts";
import type { TransactionLog } from "./log.ts";

/** What is known of a block beside its swaps. */
export interface SolanaBlockFacts {
  readonly slot: Slot;
  /** Block hash. */
  readonly id: string;
  readonly parentSlot: Slot | null;
  readonly parentId: string | null;
  /** Null in blocks of 2020. */
  readonly height: number | null;
  /** Unix seconds; null in very old blocks. */
  readonly time: number | null;
  /** All of them, votes and failed ones too. */
  readonly transactions: number;
}

/** A block as read, before its transactions are looked at. */
export interface BlockEntries {
  /** The block's fields beside the transactions. */
  readonly fields: JsonObject;
  /** How many transactions it has. */
  readonly count: number;
  /** Those that may hold a swap, each with its index in the block. */
  readonly entries: Iterable<BlockEntry>;
}

/** One transaction of a block. */
export interface BlockEntry {
  readonly txIndex: number;
  readonly entry: unknown;
  /** Where the log was not parsed with the rest. */
  readonly log: TransactionLog | null;
}

/** No block comes near it; a text cannot be longer than twice as much. */
export const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

/** Parses the `result` of getBlock or the whole JSON-RPC response. Throws a DecodeError for anything else. */
export function readWholeBlock(bytes: Uint8Array): BlockEntries {
  if (bytes.byteLength > MAX_BLOCK_BYTES) {
    throw new DecodeError(`not a block: ${bytes.byteLength} bytes, more than ${MAX_BLOCK_BYTES}`);
  }
  const fields = blockOf(parseJson(new TextDecoder().decode(bytes)));
  const { transactions } = fields;
  if (Array.isArray(transactions)) {
    const entries = transactions.map((entry: unknown, txIndex) => ({ txIndex, entry, log: null }));
    return { fields, count: transactions.length, entries };
  }
  if (
    transactions === undefined &&
    (Array.isArray(fields.signatures) || typeof fields.blockhash === "string")
  ) {
    throw new DecodeError(
      'the block comes without its transactions; ask the node for "transactionDetails": "full"',
    );
  }
  throw new DecodeError(`not a block: "transactions" is ${typeName(transactions)}, not an array`);
}

/** Parses JSON text; the DecodeError says what is wrong with it. */
function parseJson(text: string): unknown {
  if (text.trim() === "") throw new DecodeError("not a block: there are no bytes");
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message quotes the text, line breaks and all.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    throw new DecodeError(`not a block: the bytes are not JSON, or cut short (${reason})`, { cause: error });
  }
}

/** The block's object, out of its JSON-RPC response where there is one. */
export function blockOf(value: unknown): JsonObject {
  if (value === null) throw new DecodeError("there is no block: the node answered null for this slot");
  if (!isJsonObject(value)) throw new DecodeError(`not a block: ${typeName(value)} instead of an object`);
  const isResponse = "jsonrpc" in value || "result" in value || "error" in value;
  if (!isResponse) return value;
  if (isJsonObject(value.error)) {
    const { code, message } = value.error;
    throw new DecodeError(`there is no block: the node answered error ${String(code)}: ${String(message)}`);
  }
  if (value.result === null) throw new DecodeError("there is no block: the node answered null for this slot");
  if (!isJsonObject(value.result)) {
    throw new DecodeError(`not a block: "result" is ${typeName(value.result)}, not an object`);
  }
  return value.result;
}

/** The facts of a block from its fields beside the transactions. Throws a DecodeError that names the field that is wrong. */
export function blockFacts(fields: JsonObject, slot: Slot, transactions: number): SolanaBlockFacts {
  const { blockhash, previousBlockhash } = fields;
  if (typeof blockhash !== "string" || blockhash === "") {
    throw new DecodeError(`not a block: "blockhash" is ${typeName(blockhash)}, not a hash`);
  }
  if (previousBlockhash != null && typeof previousBlockhash !== "string") {
    throw new DecodeError(`not a block: "previousBlockhash" is ${typeName(previousBlockhash)}, not a hash`);
  }
  const parentSlot = wholeNumber(fields, "parentSlot");
  return {
    slot,
    id: blockhash,
    parentSlot: parentSlot === null ? null : toSlot(parentSlot),
    parentId: previousBlockhash ?? null,
    height: wholeNumber(fields, "blockHeight"),
    time: wholeNumber(fields, "blockTime"),
    transactions,
  };
}

function wholeNumber(fields: JsonObject, name: string): number | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new DecodeError(`not a block: "${name}" is ${JSON.stringify(value)}, not a whole number`);
  }
  return value;
}
