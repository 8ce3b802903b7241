import { isJsonObject } from "../json-value.ts";
import { PatternSet } from "../pattern-set.ts";
import type { BlockEntry } from "./block.ts";
import type { Form } from "./compact-layout.ts";
import { LOG_TRUNCATED, type TransactionLog } from "./log.ts";
import { isVenueKey } from "./venue-key.ts";
import { SOLANA_VENUES } from "./venues.ts";

const VENUE_PROGRAMS = new PatternSet([...SOLANA_VENUES.keys()]);

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

  /** The first transaction from `index` on that names a venue's program anywhere; null where there is none. */
  nextNaming(index: number): number | null {
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
   * The first transaction from `index` on that holds a venue's key: among the keys of its message, which are
   * base64 here, or as text among those that it loaded.
   */
  nextHolding(index: number): number | null {
    for (let at = index; at < this.#starts.length; at++) {
      const from = this.#starts[at] ?? 0;
      const named = VENUE_PROGRAMS.find(this.#buffer, from, this.#endOf(at)) !== -1;
      if (named || this.#messageHoldsVenue(at)) return at;
    }
    return null;
  }

  #messageHoldsVenue(index: number): boolean {
    const from = this.#starts[index] ?? 0;
    const marker = `"transaction":${this.#form.between.slice(2)}["`;
    const found = this.#buffer.indexOf(marker, from);
    const end = found === -1 ? -1 : this.#buffer.indexOf('"', found + marker.length);
    // What cannot be understood here is for the parser to refuse.
    if (end === -1 || end > this.#endOf(index)) return true;
    const bytes = Buffer.from(this.#buffer.toString("latin1", found + marker.length, end), "base64");
    for (let offset = 0; offset + 32 <= bytes.length; offset++) if (isVenueKey(bytes, offset)) return true;
    return false;
  }

  /**
   * Whether the metadata holds an error: an object or a text, and no other object of a transaction has a
   * field of that name. Anything else is left to parsing to tell.
   */
  hasFailed(index: number): boolean {
    const { error } = this.#form;
    const at = this.#buffer.indexOf(error, this.#starts[index]);
    if (at === -1 || at >= this.#endOf(index)) return false;
    const value = this.#buffer[at + error.length];
    return value === OPEN_OBJECT || value === QUOTE;
  }

  /** A transaction without its log, which is parsed when it is asked for. Throws a SyntaxError for what is not one JSON object. */
  parse(index: number): BlockEntry {
    const [start, end] = [this.#starts[index] ?? 0, this.#endOf(index)];
    const log = this.#logOf(start, end);
    const text =
      log === null
        ? this.#buffer.toString("utf8", start, end)
        : `${this.#buffer.toString("utf8", start, log.start)}${this.#buffer.toString("utf8", log.end, end)}`;
    const entry: unknown = JSON.parse(text);
    if (!isJsonObject(entry)) throw new SyntaxError("a transaction is an object");
    return { txIndex: index, entry, log: log === null ? null : new DeferredLog(this.#buffer, log) };
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
