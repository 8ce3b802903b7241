import { ProtobufCursor, readPacked } from "../protobuf.ts";
import { BinaryCall, type Span } from "./binary-call.ts";
import type { CompiledCall } from "./instruction.ts";
import type { LamportBalances } from "./lamports.ts";
import { LOG_TRUNCATED, type TransactionLog } from "./log.ts";
import { MESSAGE, META, TRANSACTION } from "./protobuf-fields.ts";
import type { ProtobufSpans } from "./protobuf-glance.ts";
import { type TokenBalance, tokenBalance } from "./token-balance.ts";
import type { TransactionContent } from "./transaction.ts";

/** Reads transactions whole, for the decoders: with one set of cursors for all of a block's. */
export class ContentReader {
  readonly #transaction: ProtobufCursor;
  readonly #meta: ProtobufCursor;

  constructor(bytes: Uint8Array) {
    this.#transaction = new ProtobufCursor(bytes);
    this.#meta = new ProtobufCursor(bytes);
  }

  read({ start, end, metaStart, metaEnd }: ProtobufSpans): Omit<TransactionContent, "slot" | "txIndex"> {
    const { signature, keys, outer } = readTransaction(this.#transaction.enter(start, end));
    const meta = this.#meta.enter(metaStart, metaEnd);
    const log = new ProtobufLog(meta.bytes, metaStart, metaEnd);
    const { writable, readonly, ...content } = readMeta(meta, log);
    keys.push(...writable, ...readonly);
    return { signature, keys, outer, ...content, log };
  }
}

function readTransaction(at: ProtobufCursor): { signature: string; keys: string[]; outer: CompiledCall[] } {
  let signature = "";
  const keys: string[] = [];
  const outer: CompiledCall[] = [];
  while (at.next()) {
    if (at.field === TRANSACTION.signature && signature === "") signature = at.base58;
    if (at.field !== TRANSACTION.message) continue;
    const message = at.message;
    while (message.next()) {
      if (message.field === MESSAGE.key) keys.push(message.base58);
      else if (message.field === MESSAGE.call) outer.push(readCall(message.message));
    }
  }
  return { signature, keys, outer };
}

function readMeta(meta: ProtobufCursor, log: ProtobufLog) {
  const inner = new Map<number, readonly CompiledCall[]>();
  const writable: string[] = [];
  const readonly: string[] = [];
  const balancesBefore: TokenBalance[] = [];
  const balancesAfter: TokenBalance[] = [];
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
  return { inner, writable, readonly, balancesBefore, balancesAfter, lamports };
}

/** CompiledInstruction and InnerInstruction; only the second has a fourth field, the depth of the call. */
function readCall(at: ProtobufCursor): CompiledCall {
  let program = 0;
  let height: number | null = null;
  accounts.none();
  data.none();
  while (at.next()) {
    if (at.field === 1) program = at.number ?? -1;
    else if (at.field === 2) accounts.take(at);
    else if (at.field === 3) data.take(at);
    else if (at.field === 4) height = at.number;
  }
  return new BinaryCall(at.bytes, program, height, accounts, data);
}

/** Where a field's bytes lie. */
class FieldSpan implements Span {
  start = 0;
  end = 0;

  none(): void {
    this.start = 0;
    this.end = 0;
  }

  take(at: ProtobufCursor): void {
    this.start = at.isBytes ? at.start : 0;
    this.end = at.isBytes ? at.end : 0;
  }
}

/** Those of the call in hand: calls are read one after the other. */
const accounts = new FieldSpan();
const data = new FieldSpan();

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
  let account = 0;
  let decimals = 0;
  let mint = "";
  let owner = "";
  let amount = "";
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

/** A log that still stands among a transaction's metadata. */
class ProtobufLog implements TransactionLog {
  readonly #bytes: Buffer;
  readonly #metaStart: number;
  readonly #metaEnd: number;
  #lastStart = 0;
  #lastEnd = 0;

  constructor(bytes: Buffer, metaStart: number, metaEnd: number) {
    this.#bytes = bytes;
    this.#metaStart = metaStart;
    this.#metaEnd = metaEnd;
  }

  /** Notes a line: only the last one tells whether the log was cut. */
  add({ start, end }: ProtobufCursor): void {
    this.#lastStart = start;
    this.#lastEnd = end;
  }

  get truncated(): boolean {
    const size = this.#lastEnd - this.#lastStart;
    return (
      size === LOG_TRUNCATED.length &&
      this.#bytes.toString("utf8", this.#lastStart, this.#lastEnd) === LOG_TRUNCATED
    );
  }

  lines(): readonly string[] {
    const lines: string[] = [];
    const at = new ProtobufCursor(this.#bytes, this.#metaStart, this.#metaEnd);
    while (at.next()) if (at.field === META.log) lines.push(at.text);
    return lines;
  }
}
