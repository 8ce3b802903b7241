import { ProtobufCursor, readPacked } from "../protobuf.ts";
import type { CompiledCall } from "./instruction.ts";
import type { LamportBalances } from "./lamports.ts";
import { LOG_TRUNCATED, type TransactionLog } from "./log.ts";
import { type TokenBalance, tokenBalance } from "./token-balance.ts";
import type { TransactionContent } from "./transaction.ts";
import { isVenueKey } from "./venue-key.ts";

/** Where the messages of one transaction lie in a block's bytes. */
export interface ProtobufSpans {
  /** Place in the block. */
  index: number;
  /** Whether the sender says that it is a vote. */
  isVote: boolean;
  start: number;
  end: number;
  /** Equal: there are no metadata. */
  metaStart: number;
  metaEnd: number;
}

/** What is needed to tell whether a transaction is read at all. */
export type Glance = "failed" | "no-venue" | "no-metadata" | "venue";

/** Looks at transactions without reading them: with one set of cursors for all of a block's. */
export class Glancer {
  readonly #bytes: Uint8Array;
  readonly #outer: ProtobufCursor;
  readonly #inner: ProtobufCursor;
  readonly #call: ProtobufCursor;
  /** Places of venues' programs in the account table of the transaction in hand. */
  readonly #places: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#outer = new ProtobufCursor(bytes);
    this.#inner = new ProtobufCursor(bytes);
    this.#call = new ProtobufCursor(bytes);
  }

  /**
   * Whether a transaction succeeded and calls a venue's program. Field numbers: solana-storage.proto (messages
   * Transaction, Message, TransactionStatusMeta).
   */
  look(spans: ProtobufSpans): Glance {
    this.#places.length = 0;
    const failed = this.#outer.enter(spans.metaStart, spans.metaEnd);
    while (failed.next()) if (failed.field === META.error) return "failed";
    const statics = this.#staticPlaces(spans);
    this.#loadedPlaces(spans, statics);
    if (this.#places.length === 0) return "no-venue";
    if (spans.metaStart === spans.metaEnd) return "no-metadata";
    return this.#isCalledAtTop(spans) || this.#isCalledInside(spans) ? "venue" : "no-venue";
  }

  /** Notes static keys that are venues'; returns how many keys there are. */
  #staticPlaces({ start, end }: ProtobufSpans): number {
    let count = 0;
    const outer = this.#outer.enter(start, end);
    while (outer.next()) {
      if (outer.field !== TRANSACTION.message) continue;
      const message = this.#inner.enter(outer.start, outer.end);
      while (message.next()) if (message.field === MESSAGE.key) this.#note(message, count++);
    }
    return count;
  }

  /** Writable keys stand before the others in the table, whatever the order of the fields. */
  #loadedPlaces({ metaStart, metaEnd }: ProtobufSpans, statics: number): void {
    let count = statics;
    for (const wanted of [META.loadedWritable, META.loadedReadonly]) {
      const meta = this.#outer.enter(metaStart, metaEnd);
      while (meta.next()) if (meta.field === wanted) this.#note(meta, count++);
    }
  }

  #note(key: ProtobufCursor, place: number): void {
    if (key.end - key.start === 32 && isVenueKey(this.#bytes, key.start)) this.#places.push(place);
  }

  #isCalledAtTop({ start, end }: ProtobufSpans): boolean {
    const outer = this.#outer.enter(start, end);
    while (outer.next()) {
      if (outer.field === TRANSACTION.message && this.#isCalledIn(outer, MESSAGE.call)) return true;
    }
    return false;
  }

  #isCalledInside({ metaStart, metaEnd }: ProtobufSpans): boolean {
    const meta = this.#outer.enter(metaStart, metaEnd);
    while (meta.next()) if (meta.field === META.inner && this.#isCalledIn(meta, INNER_CALL)) return true;
    return false;
  }

  #isCalledIn({ start, end }: ProtobufCursor, callField: number): boolean {
    const list = this.#inner.enter(start, end);
    while (list.next()) {
      if (list.field !== callField) continue;
      let program: number | null = 0;
      const call = this.#call.enter(list.start, list.end);
      while (call.next()) if (call.field === 1) program = call.number;
      if (program !== null && this.#places.includes(program)) return true;
    }
    return false;
  }
}

/** InnerInstructions: its index 1, its calls 2. */
const INNER_CALL = 2;

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

/** Reads a transaction whole, for the decoders. */
export function readContent(
  bytes: Uint8Array,
  spans: ProtobufSpans,
): Omit<TransactionContent, "slot" | "txIndex"> {
  const { signature, statics, outer } = readTransaction(new ProtobufCursor(bytes, spans.start, spans.end));
  const meta = readMeta(new ProtobufCursor(bytes, spans.metaStart, spans.metaEnd));
  const { writable, readonly, ...content } = meta;
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
    if (at.field === TRANSACTION.signature && signature === "") signature = at.base58;
    if (at.field !== TRANSACTION.message) continue;
    const message = at.message;
    while (message.next()) {
      if (message.field === MESSAGE.key) statics.push(message.base58);
      else if (message.field === MESSAGE.call) outer.push(readCall(message.message));
    }
  }
  return { signature, statics, outer };
}

function readMeta(meta: ProtobufCursor) {
  const inner = new Map<number, readonly CompiledCall[]>();
  const [writable, readonly]: [string[], string[]] = [[], []];
  const [balancesBefore, balancesAfter]: [TokenBalance[], TokenBalance[]] = [[], []];
  const log = new ProtobufLog(meta.bytes);
  const lamports = new ProtobufLamports();
  while (meta.next()) {
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
        writable.push(meta.base58);
        break;
      case META.loadedReadonly:
        readonly.push(meta.base58);
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
    else if (at.field === 2) accounts = at.list;
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
  readonly #bytes: Buffer;
  /** Where each line begins and ends, one after the other. */
  readonly #spans: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  add({ start, end }: ProtobufCursor): void {
    this.#spans.push(start, end);
  }

  get truncated(): boolean {
    const [start = 0, end = 0] = this.#spans.slice(-2);
    return end - start === LOG_TRUNCATED.length && this.#line(start, end) === LOG_TRUNCATED;
  }

  lines(): readonly string[] {
    const lines: string[] = [];
    for (let at = 0; at < this.#spans.length; at += 2) {
      lines.push(this.#line(this.#spans[at] ?? 0, this.#spans[at + 1] ?? 0));
    }
    return lines;
  }

  #line(start: number, end: number): string {
    return this.#bytes.toString("utf8", start, end);
  }
}
