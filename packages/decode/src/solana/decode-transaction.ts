import type { PoolEvent, Slot, Swap } from "@candlewick/domain";
import { encodeBase58 } from "../base58.ts";
import { DecodeError } from "../decode-error.ts";
import { isJsonObject, type JsonObject, typeName } from "../json-value.ts";
import { ParsedForm } from "./json-parsed.ts";
import { accountTable, metadataContent, readCalls } from "./json-transaction.ts";
import type { TransactionLog } from "./log.ts";
import { Findings, findIn } from "./swap-assembly.ts";
import { SolanaTransaction, type TransactionContent } from "./transaction.ts";
import { isVenue } from "./venues.ts";
import {
  KEY_BYTES,
  readWireTransaction,
  SIGNATURE_BYTES,
  WireError,
  type WireTransaction,
} from "./wire-transaction.ts";

export interface DecodedTransaction {
  /** In position order. */
  readonly swaps: Swap[];
  /** What happened to pools beside the swaps, in position order. */
  readonly poolEvents: PoolEvent[];
  /** Reason -> how many venue instructions were seen and gave no swap. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Reason -> how many instructions were seen that did something to a pool, but not what can be told. */
  readonly skippedEvents: ReadonlyMap<string, number>;
}

/**
 * Decodes one transaction: an element of a block's `transactions`, or the `result` of getTransaction, in the
 * encodings `json`, `base64` or `jsonParsed`. A failed transaction gives nothing. Throws a DecodeError for a
 * value that is no transaction or is in another encoding; strange data inside of one is counted in `skipped`.
 */
export function decodeSolanaTransaction(
  transaction: unknown,
  slot: Slot,
  txIndex: number,
): DecodedTransaction {
  const findings = new Findings();
  decodeEntry(transaction, { slot, txIndex, where: "the transaction", log: null }, findings);
  const { swaps, poolEvents, skipped, skippedEvents } = findings;
  return { swaps, poolEvents, skipped: skipped.counts, skippedEvents: skippedEvents.counts };
}

/** Where an entry stands in its block, and for people. */
export interface EntryPlace {
  readonly slot: Slot;
  readonly txIndex: number;
  readonly where: string;
  /** Where the log was not parsed with the entry. */
  readonly log: TransactionLog | null;
}

/** Decodes an entry into `findings`. Throws a DecodeError as decodeSolanaTransaction. */
export function decodeEntry(entry: unknown, place: EntryPlace, findings: Findings): void {
  const { where, slot, txIndex } = place;
  if (!isJsonObject(entry)) throw new DecodeError(`${where} is ${typeName(entry)}, not a transaction`);
  const meta = isJsonObject(entry.meta) ? entry.meta : null;
  const form = formOf(entry, where);
  if (meta !== null && hasFailed(meta)) return;
  const keys = form.keys(meta ?? {});
  if (!keys.some(isVenue)) return;
  if (meta === null) {
    findings.skipped.add("no-metadata");
    return;
  }
  const content = { slot, txIndex, signature: form.signature, keys, ...form.content(meta, place.log) };
  findIn(new SolanaTransaction(content, isVenue), findings);
}

function hasFailed(meta: JsonObject): boolean {
  return meta.err !== null && meta.err !== undefined;
}

/** A transaction in one of the encodings. */
interface Form {
  readonly signature: string;
  keys(meta: JsonObject): string[];
  content(
    meta: JsonObject,
    log: TransactionLog | null,
  ): Omit<TransactionContent, "slot" | "txIndex" | "signature" | "keys">;
}

const ASK_FOR_JSON = 'ask the node for "encoding": "json" and "transactionDetails": "full"';

/** Tells the encoding by the shape, as far as needed to read it or to say what is wrong. */
function formOf(entry: JsonObject, where: string): Form {
  const { transaction } = entry;
  if (Array.isArray(transaction)) return binaryForm(transaction, where);
  if (typeof transaction === "string") {
    throw new DecodeError(`${where} is encoded as base58, which is not read; ${ASK_FOR_JSON}`);
  }
  if (!isJsonObject(transaction)) {
    throw new DecodeError(`${where} has no field "transaction" that is an object (${typeName(transaction)})`);
  }
  const { message, signatures } = transaction;
  if (!isJsonObject(message) && Array.isArray(transaction.accountKeys)) {
    const found = 'with "transactionDetails": "accounts"';
    throw new DecodeError(`${where} is encoded ${found}, which is not read; ${ASK_FOR_JSON}`);
  }
  if (!isJsonObject(message) || !Array.isArray(message.accountKeys)) {
    throw new DecodeError(`${where} has no message with account keys; ${ASK_FOR_JSON}`);
  }
  const signature = Array.isArray(signatures) ? signatures[0] : undefined;
  if (typeof signature !== "string" || signature === "") throw new DecodeError(`${where} has no signature`);
  const [first] = message.accountKeys;
  return isJsonObject(first) && typeof first.pubkey === "string"
    ? parsedForm(message, signature)
    : jsonForm(message, signature);
}

function jsonForm(message: JsonObject, signature: string): Form {
  return {
    signature,
    keys: (meta) => accountTable(message.accountKeys, meta),
    content: (meta, log) => ({
      outer: readCalls(message.instructions),
      ...metadataContent(meta, log),
    }),
  };
}

function parsedForm(message: JsonObject, signature: string): Form {
  const form = new ParsedForm(message);
  return {
    signature,
    keys: () => [...form.keys],
    content: (meta, log) => ({
      outer: form.calls(message.instructions),
      ...metadataContent(meta, log),
      inner: form.inner(meta),
    }),
  };
}

function binaryForm(transaction: readonly unknown[], where: string): Form {
  const [text, encoding] = transaction;
  if (typeof text !== "string" || encoding !== "base64") {
    throw new DecodeError(`${where} is encoded as ${String(encoding)}, which is not read; ${ASK_FOR_JSON}`);
  }
  try {
    const wire = readWireTransaction(Buffer.from(text, "base64"));
    return {
      signature: encodeBase58(wire.bytes, wire.signature, wire.signature + SIGNATURE_BYTES),
      keys: (meta) => accountTable(addressesOf(wire), meta),
      content: (meta, log) => ({ outer: wire.calls, ...metadataContent(meta, log) }),
    };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new DecodeError(`${where} is no transaction: ${error.message}`, { cause: error });
  }
}

function addressesOf({ bytes, keys, keyCount }: WireTransaction): string[] {
  const addresses: string[] = [];
  for (let at = keys; at < keys + KEY_BYTES * keyCount; at += KEY_BYTES) {
    addresses.push(encodeBase58(bytes, at, at + KEY_BYTES));
  }
  return addresses;
}
