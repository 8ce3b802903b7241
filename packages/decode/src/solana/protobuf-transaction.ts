import { encodeBase58 } from "../base58.ts";
import { type ProtobufCursor, readPacked } from "../protobuf.ts";
import type { CompiledCall } from "./instruction.ts";
import type { LamportBalances } from "./lamports.ts";
import { LOG_TRUNCATED, type TransactionLog } from "./log.ts";
import { type TokenBalance, tokenBalance } from "./token-balance.ts";
import type { TransactionContent } from "./transaction.ts";
import { isVenueKey } from "./venue-key.ts";

/** Where the messages of one transaction lie in a block's bytes. */
export interface ProtobufSpans {
  readonly transaction: ProtobufCursor;
  readonly meta: ProtobufCursor | null;
}

/** What is needed to tell whether a transaction is read at all. */
export type Glance = "failed" | "no-venue" | "no-metadata" | "venue";

/**
 * Looks for a venue's program among the keys, and whether the transaction failed, without reading anything
 * else. Field numbers: solana-storage.proto (messages Transaction, Message, TransactionStatusMeta).
 */
export function glance({ transaction, meta }: ProtobufSpans): Glance {
  let [venue, failed] = [false, false];
  while (meta?.next()) {
    if (meta.field === META.error) failed = true;
    else if (isLoadedKey(meta.field)) venue ||= isVenueKey(meta.bytes, meta.start);
  }
  if (failed) return "failed";
  while (!venue && transaction.next()) {
    if (transaction.field !== TRANSACTION.message) continue;
    const message = transaction.message;
    while (!venue && message.next()) {
      if (message.field === MESSAGE.key) venue = isVenueKey(message.bytes, message.start);
    }
  }
  if (!venue) return "no-venue";
  return meta === null ? "no-metadata" : "venue";
}

const TRANSACTION = { signature: 1, message: 2 } as const;
const MESSAGE = { key: 2, call: 4 } as const;
const META = {
  error: 1,
  lamportsBefore: 3,
  lamportsAfter: 4,
  inner: 5,
  log: 6,
  balanceBefore: 7,
  balanceAfter: 8,
  loadedWritable: 12,
  loadedReadonly: 13,
} as const;

function isLoadedKey(field: number): boolean {
  return field === META.loadedWritable || field === META.loadedReadonly;
}

/** Reads a transaction whole, for the decoders. */
export function readContent(spans: ProtobufSpans): Omit<TransactionContent, "slot" | "txIndex"> {
  const { signature, statics, outer } = readTransaction(spans.transaction);
  const { writable, readonly, ...content } = readMeta(spans.meta);
  return { signature, keys: [...statics, ...writable, ...readonly], outer, ...content };
}

function readTransaction(at: ProtobufCursor): {
  signature: string;
  statics: string[];
  outer: CompiledCall[];
} {
  let signature = "";
  const statics: string[] = [];
  const outer: CompiledCall[] = [];
  while (at.next()) {
    if (at.field === TRANSACTION.signature && signature === "") signature = encodeBase58(at.value);
    if (at.field !== TRANSACTION.message) continue;
    const message = at.message;
    while (message.next()) {
      if (message.field === MESSAGE.key) statics.push(encodeBase58(message.value));
      else if (message.field === MESSAGE.call) outer.push(readCall(message.message));
    }
  }
  return { signature, statics, outer };
}

function readMeta(meta: ProtobufCursor | null) {
  const inner = new Map<number, readonly CompiledCall[]>();
  const [writable, readonly]: [string[], string[]] = [[], []];
  const [balancesBefore, balancesAfter]: [TokenBalance[], TokenBalance[]] = [[], []];
  const log = new ProtobufLog();
  const lamports = new ProtobufLamports();
  while (meta?.next()) {
    switch (meta.field) {
      case META.lamportsBefore:
        lamports.before.add(meta);
        break;
      case META.lamportsAfter:
        lamports.after.add(meta);
        break;
      case META.inner:
        readInner(meta.message, inner);
        break;
      case META.log:
        log.add(meta);
        break;
      case META.balanceBefore:
        readBalance(meta.message, balancesBefore);
        break;
      case META.balanceAfter:
        readBalance(meta.message, balancesAfter);
        break;
      case META.loadedWritable:
        writable.push(encodeBase58(meta.value));
        break;
      case META.loadedReadonly:
        readonly.push(encodeBase58(meta.value));
        break;
    }
  }
  return { inner, writable, readonly, balancesBefore, balancesAfter, lamports, log };
}

/** CompiledInstruction and InnerInstruction; only the second has a fourth field, the depth of the call. */
function readCall(at: ProtobufCursor): CompiledCall {
  let [program, height]: [number, number | null] = [0, null];
  let accounts: readonly number[] = [];
  let data: Uint8Array = new Uint8Array();
  while (at.next()) {
    if (at.field === 1) program = at.number ?? -1;
    else if (at.field === 2) accounts = Array.from(at.value);
    else if (at.field === 3) data = at.value;
    else if (at.field === 4) height = at.number;
  }
  return { program, accounts, data, height };
}

function readInner(at: ProtobufCursor, groups: Map<number, readonly CompiledCall[]>): void {
  let index = 0;
  const calls: CompiledCall[] = [];
  while (at.next()) {
    if (at.field === 1) index = at.number ?? -1;
    else if (at.field === 2) calls.push(readCall(at.message));
  }
  groups.set(index, calls);
}

/** TokenBalance: account 1, mint 2, UiTokenAmount 3 (decimals 2, amount 3 as a decimal text), owner 4. */
function readBalance(at: ProtobufCursor, balances: TokenBalance[]): void {
  let [account, decimals] = [0, 0];
  let [mint, owner, amount] = ["", "", ""];
  while (at.next()) {
    if (at.field === 1) account = at.number ?? -1;
    else if (at.field === 2) mint = at.text;
    else if (at.field === 4) owner = at.text;
    else if (at.field === 3) {
      const told = at.message;
      while (told.next()) {
        if (told.field === 2) decimals = told.number ?? -1;
        else if (told.field === 3) amount = told.text;
      }
    }
  }
  const balance = tokenBalance(account, mint, owner === "" ? null : owner, amount, decimals);
  if (balance !== null) balances.push(balance);
}

/** A list of numbers that still stands in the block's bytes: packed into one field, or each in its own. */
class ProtobufNumbers {
  readonly #spans: Uint8Array[] = [];
  readonly #single: (number | null)[] = [];

  add(at: ProtobufCursor): void {
    if (at.isBytes) this.#spans.push(at.value);
    else this.#single.push(at.number);
  }

  at(index: number): number | null {
    return [...this.#single, ...this.#spans.flatMap(readPacked)][index] ?? null;
  }
}

class ProtobufLamports implements LamportBalances {
  readonly before = new ProtobufNumbers();
  readonly after = new ProtobufNumbers();

  change(account: number): bigint | null {
    const [before, after] = [this.before.at(account), this.after.at(account)];
    return before === null || after === null ? null : BigInt(after) - BigInt(before);
  }
}

/** The lines of a log that still stand in the block's bytes. */
class ProtobufLog implements TransactionLog {
  readonly #spans: Buffer[] = [];

  add({ bytes, start, end }: ProtobufCursor): void {
    this.#spans.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
  }

  get truncated(): boolean {
    const last = this.#spans.at(-1);
    return last?.length === LOG_TRUNCATED.length && last.toString("latin1") === LOG_TRUNCATED;
  }

  lines(): readonly string[] {
    return this.#spans.map((line) => line.toString("utf8"));
  }
}
