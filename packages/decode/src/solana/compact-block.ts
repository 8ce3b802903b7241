import { isJsonObject } from "../json-value.ts";
import { PatternSet } from "../pattern-set.ts";
import { type BlockEntries, blockOf, MAX_BLOCK_BYTES } from "./block.ts";
import { SOLANA_VENUES } from "./venues.ts";

/**
 * Reads a block as nodes write it (one line, every transaction with the same first field) without parsing
 * the transactions that cannot hold a swap: votes, failed ones, and those that name no venue's program.
 *
 * In JSON a quotation mark inside a text is escaped, so that a run of bytes with a quoted name can only be
 * structure, never a part of a text that a program wrote to its log. What is not parsed is not checked:
 * damage inside of a transaction that is passed over goes unnoticed here.
 */

/** The runs of bytes by which the parts are found, for one way to write JSON. */
interface Layout {
  readonly list: string;
  /** How a transaction begins: with one of the fields that every transaction has, whatever its version. */
  readonly starts: readonly { readonly field: string; readonly text: string }[];
  readonly between: string;
  readonly error: string;
}

/** Nodes write no spaces; recorded files often have one after each comma and colon. */
const LAYOUTS: readonly Layout[] = ["", " "].map((space) => ({
  list: `"transactions":${space}[`,
  starts: ["transaction", "meta"].map((field) => ({ field: `"${field}"`, text: `{"${field}":${space}{` })),
  between: `},${space}`,
  error: `"err":${space}`,
}));

/** Stands for the transactions while what is around them is parsed. */
const MARK = "transactions are read apart";
const VENUE_PROGRAMS = new PatternSet([...SOLANA_VENUES.keys()]);

/** Null for a block that is laid out otherwise, or is none: the whole has to be parsed to tell. */
export function readCompactBlock(bytes: Uint8Array): BlockEntries | null {
  if (bytes.byteLength > MAX_BLOCK_BYTES) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const layout of LAYOUTS) {
    const found = buffer.indexOf(layout.list);
    if (found !== -1) return readLaidOut(buffer, layout, found + layout.list.length);
  }
  return null;
}

function readLaidOut(buffer: Buffer, layout: Layout, first: number): BlockEntries | null {
  const starts = startsOfTransactions(buffer, layout, first);
  const last = starts?.at(-1);
  const listEnd = last === undefined ? null : endOfObject(buffer, last);
  if (starts === null || listEnd === null || buffer[listEnd] !== CLOSE_ARRAY) return null;
  try {
    const around = `${buffer.toString("utf8", 0, first)}"${MARK}"${buffer.toString("utf8", listEnd)}`;
    const fields = blockOf(JSON.parse(around));
    // Only if the list that was found is the block's own, and not one of the same name elsewhere.
    if (!Array.isArray(fields.transactions) || fields.transactions[0] !== MARK) return null;
    const entries = entriesOf(new TransactionList(buffer, layout, starts, listEnd));
    return { fields, count: starts.length, entries };
  } catch {
    // Whatever is wrong here, parsing the whole says it better.
    return null;
  }
}

/**
 * Offsets of the transactions from the first one on. Every transaction has the field that they begin with
 * once: null where it stands anywhere but at a beginning, as a border that is written in another way would
 * else go unseen, and give all after it a wrong index.
 */
function startsOfTransactions(buffer: Buffer, layout: Layout, first: number): number[] | null {
  const begin = layout.starts.find(
    ({ text }) => buffer.toString("latin1", first, first + text.length) === text,
  );
  if (begin === undefined) return null;
  const { field, text } = begin;
  const border = layout.between + text;
  const starts = [first];
  for (let at = buffer.indexOf(field, first + 1 + field.length); at !== -1; ) {
    // The field comes after the brace that opens the transaction.
    const start = at - 1;
    const from = start - layout.between.length;
    if (buffer.toString("latin1", from, from + border.length) !== border) return null;
    starts.push(start);
    at = buffer.indexOf(field, at + field.length);
  }
  return starts;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The offset after the object that begins at `start`; null where it does not end. */
function endOfObject(buffer: Buffer, start: number): number | null {
  let depth = 0;
  for (let at = start; at < buffer.length; at++) {
    const byte = buffer[at];
    if (byte === QUOTE) {
      at++;
      while (at < buffer.length && buffer[at] !== QUOTE) at += buffer[at] === BACKSLASH ? 2 : 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return null;
}

/** The transactions that may hold a swap, parsed; and the first one, whose shape tells the encoding of all. */
function entriesOf(list: TransactionList): [number, unknown][] {
  const entries: [number, unknown][] = [[0, list.parse(0)]];
  for (let index = list.nextOfVenue(1); index !== null; index = list.nextOfVenue(index + 1)) {
    if (!list.hasFailed(index)) entries.push([index, list.parse(index)]);
  }
  return entries;
}

/** The bytes of a block's transactions. */
class TransactionList {
  readonly #buffer: Buffer;
  readonly #layout: Layout;
  readonly #starts: readonly number[];
  readonly #end: number;

  constructor(buffer: Buffer, layout: Layout, starts: readonly number[], end: number) {
    this.#buffer = buffer;
    this.#layout = layout;
    this.#starts = starts;
    this.#end = end;
  }

  /** The first transaction from `index` on that names a venue's program anywhere; null where there is none. */
  nextOfVenue(index: number): number | null {
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
   * Whether the metadata holds an error: an object or a text, and no other object of a transaction has a
   * field of that name. Anything else is left to parsing to tell.
   */
  hasFailed(index: number): boolean {
    const { error } = this.#layout;
    const at = this.#buffer.indexOf(error, this.#starts[index]);
    if (at === -1 || at >= this.#endOf(index)) return false;
    const value = this.#buffer[at + error.length];
    return value === OPEN_OBJECT || value === QUOTE;
  }

  /** Throws a SyntaxError where the bytes are not one JSON object. */
  parse(index: number): unknown {
    const text = this.#buffer.toString("utf8", this.#starts[index], this.#endOf(index));
    const entry: unknown = JSON.parse(text);
    if (!isJsonObject(entry)) throw new SyntaxError("a transaction is an object");
    return entry;
  }

  /** The offset after a transaction, without what stands between two. */
  #endOf(index: number): number {
    const next = this.#starts[index + 1];
    return next === undefined ? this.#end : next - this.#layout.between.length + 1;
  }
}
