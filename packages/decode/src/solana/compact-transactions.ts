import { isJsonObject } from "../json-value.ts";
import { messageHoldsVenue } from "./base64-keys.ts";
import type { BlockEntry } from "./block.ts";
import type { Form } from "./compact-layout.ts";
import { LOG_TRUNCATED, type TransactionLog } from "./log.ts";
import { callsVenue, VENUE_PROGRAMS } from "./venue-call.ts";

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;

/** The bytes of a block's transactions, one after the other. */
export class TransactionList {
  readonly #buffer: Buffer;
  readonly #form: Form;
  readonly #starts: readonly number[];
  readonly #end: number;

  constructor(buffer: Buffer, form: Form, starts: readonly number[], end: number) {
    this.#buffer = buffer;
    this.#form = form;
    this.#starts = starts;
    this.#end = end;
  }

  /** The transactions that name a venue's program anywhere, in order. */
  *naming(): Generator<number> {
    for (let index = this.#nextNaming(0); index !== null; index = this.#nextNaming(index + 1)) yield index;
  }

  /**
   * The transactions that hold a venue's key, in order: among the keys of their message, which are base64 here,
   * or as text among those that they loaded. `marks`: where the text that each holds once stands.
   */
  *holding(marks: readonly number[]): Generator<number> {
    let named = this.#nextNaming(0);
    for (let index = 0; index < marks.length; index++) {
      if (named !== null && named < index) named = this.#nextNaming(index);
      const { start, once, leads } = this.#form;
      const first = leads
        ? (this.#starts[index] ?? 0) + start.length + 1
        : (marks[index] ?? 0) + once.base64.length;
      const last = this.#buffer.indexOf(QUOTE, first);
      if (named === index || messageHoldsVenue(this.#buffer, first, last)) yield index;
    }
  }

  /** The first transaction from `index` on that names a venue's program; null where there is none. */
  #nextNaming(index: number): number | null {
    const from = this.#starts[index];
    const hit = from === undefined ? -1 : VENUE_PROGRAMS.find(this.#buffer, from, this.#end);
    if (hit === -1) return null;
    let low = index;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= hit) low = middle;
      else high = middle;
    }
    return low;
  }

  /**
   * Whether an instruction calls a venue's program: many transactions only name one, in a table of addresses
   * that they might have needed.
   */
  callsVenue(index: number): boolean {
    // Bounded: what is not in this transaction would else be looked for in all that follow.
    return callsVenue(this.#buffer.subarray(this.#starts[index] ?? 0, this.#endOf(index)), this.#form.space);
  }

  /**
   * Whether the metadata holds an error: an object or a text, and no other object of a transaction has a
   * field of that name. Anything else is left to parsing to tell. `from`: where to begin to look.
   */
  hasFailed(index: number, from: number | undefined): boolean {
    const { error } = this.#form;
    const at = this.#buffer.indexOf(error, from);
    if (at === -1 || at >= this.#endOf(index)) return false;
    const value = this.#buffer[at + error.length];
    return value === OPEN_OBJECT || value === QUOTE;
  }

  /** A transaction without its log, which is parsed when it is asked for. Throws a SyntaxError for what is not one JSON object. */
  parse(index: number): BlockEntry {
    const [start, end] = [this.#starts[index] ?? 0, this.#endOf(index)];
    const log = this.#logOf(start, end);
    const text = log === null ? this.#buffer.toString("utf8", start, end) : this.#without(log, start, end);
    const entry: unknown = JSON.parse(text);
    if (!isJsonObject(entry)) throw new SyntaxError("a transaction is an object");
    return { txIndex: index, entry, log: log === null ? null : new DeferredLog(this.#buffer, log) };
  }

  /** The text of a stretch without a part of it, put together outside of the heap. */
  #without(part: Span, start: number, end: number): string {
    const size = end - start - (part.end - part.start);
    if (scratch.length < size) scratch = Buffer.allocUnsafeSlow(2 * size);
    const head = this.#buffer.copy(scratch, 0, start, part.start);
    this.#buffer.copy(scratch, head, part.end, end);
    return scratch.toString("utf8", 0, size);
  }

  /** The lines of the log, from the first one's quotation mark to behind the last one's. */
  #logOf(start: number, end: number): Span | null {
    const { log } = this.#form;
    const found = this.#buffer.indexOf(log, start);
    if (found === -1 || found >= end) return null;
    const first = found + log.length - 1;
    for (let at = this.#buffer.indexOf('"]', first); at !== -1 && at < end; ) {
      let escapes = 0;
      while (this.#buffer[at - 1 - escapes] === BACKSLASH) escapes++;
      if (escapes % 2 === 0 && at > first) return { start: first, end: at + 1 };
      at = this.#buffer.indexOf('"]', at + 1);
    }
    return null;
  }

  /** The offset after a transaction, without what stands between two. */
  #endOf(index: number): number {
    const next = this.#starts[index + 1];
    return next === undefined ? this.#end : next - this.#form.between.length + 1;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A log that still stands in the block's bytes. */
class DeferredLog implements TransactionLog {
  readonly truncated: boolean;
  readonly #buffer: Buffer;
  readonly #span: Span;

  constructor(buffer: Buffer, span: Span) {
    this.#buffer = buffer;
    this.#span = span;
    const last = `"${LOG_TRUNCATED}"`;
    this.truncated = buffer.toString("latin1", span.end - last.length, span.end) === last;
  }

  lines(): readonly unknown[] {
    try {
      const list: unknown = JSON.parse(
        `[${this.#buffer.toString("utf8", this.#span.start, this.#span.end)}]`,
      );
      return Array.isArray(list) ? list : [];
    } catch {
      // A log that is damaged is no log; the decoders count what they miss.
      return [];
    }
  }
}
