import { isJsonObject } from "../json-value.ts";
import type { PatternSet } from "../pattern-set.ts";
import { type BlockEntries, type BlockEntry, blockOf, MAX_BLOCK_BYTES } from "./block.ts";
import { type Encoding, type Layout, layoutsOf } from "./compact-layout.ts";
import { TransactionList } from "./compact-transactions.ts";

/**
 * Reads a block as nodes write it (one line, every transaction with the same first field) without parsing
 * the transactions that cannot hold a swap: votes, failed ones, and those that name no venue's program.
 *
 * In JSON a quotation mark inside a text is escaped, so that a run of bytes with a quoted name can only be
 * structure, never a part of a text that a program wrote to its log. What is not parsed is not checked:
 * damage inside of a transaction that is passed over goes unnoticed here.
 */

/** Stands for the transactions while what is around them is parsed. */
const MARK = "transactions are read apart";

/** Null for a block that is laid out otherwise, or is none: the whole has to be parsed to tell. */
export function readCompactBlock(bytes: Uint8Array): BlockEntries | null {
  if (bytes.byteLength > MAX_BLOCK_BYTES) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const layout of layoutsOf(buffer)) {
    const read = readLaidOut(buffer, layout);
    if (read !== null) return read;
  }
  return null;
}

function readLaidOut(buffer: Buffer, layout: Layout): BlockEntries | null {
  const starts = startsOfTransactions(buffer, layout);
  const last = starts.at(-1);
  const listEnd = last === undefined ? null : endOfObject(buffer, last);
  if (listEnd === null || buffer[listEnd] !== CLOSE_ARRAY) return null;
  try {
    const around = `${buffer.toString("utf8", 0, layout.first)}"${MARK}"${buffer.toString("utf8", listEnd)}`;
    const fields = blockOf(JSON.parse(around));
    // Only if the list that was found is the block's own, and not one of the same name elsewhere.
    if (!Array.isArray(fields.transactions) || fields.transactions[0] !== MARK) return null;
    const list = new TransactionList(buffer, layout, starts, listEnd);
    const first = list.parse(0);
    const encoding = encodingOf(first.entry);
    const marks = encoding === null ? null : marksOf(buffer, layout.once[encoding], starts, listEnd);
    if (encoding === null || marks === null) return null;
    const candidates = encoding === "json" ? list.naming() : list.holding(marks);
    // Where a transaction begins with itself, its metadata come after the mark, and what they hold with them.
    const failed = (index: number) => list.hasFailed(index, layout.leads ? marks[index] : starts[index]);
    return { fields, count: starts.length, entries: entriesOf(list, first, candidates, failed) };
  } catch {
    // Whatever is wrong here, parsing the whole says it better.
    return null;
  }
}

/** Offsets of the transactions that begin as the layout says. */
function startsOfTransactions(buffer: Buffer, { border, start, first }: Layout): number[] {
  const starts = [first];
  const skip = border.length - start.length;
  for (let at = buffer.indexOf(border, first); at !== -1; ) {
    starts.push(at + skip);
    at = buffer.indexOf(border, at + border.length);
  }
  return starts;
}

/**
 * Where each transaction holds a certain text, if each does exactly once, as those of its encoding do: a border
 * that is written in another way would else go unseen, and give all after it a wrong index.
 */
function marksOf(buffer: Buffer, text: PatternSet, starts: readonly number[], end: number): number[] | null {
  const marks: number[] = [];
  let at = starts[0] ?? 0;
  for (let index = 0; index < starts.length; index++) {
    const next = starts[index + 1] ?? end;
    at = text.find(buffer, at, end);
    if (at === -1 || at < (starts[index] ?? 0) || at >= next) return null;
    marks.push(at);
    at += text.length;
  }
  return text.find(buffer, at, end) === -1 ? marks : null;
}

function encodingOf(entry: unknown): Encoding | null {
  if (!isJsonObject(entry)) return null;
  if (Array.isArray(entry.transaction)) return "base64";
  return isJsonObject(entry.transaction) ? "json" : null;
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

/** The transactions that may hold a swap, parsed; and the first one, whose shape told the encoding of all. */
function entriesOf(
  list: TransactionList,
  first: BlockEntry,
  candidates: Iterable<number>,
  hasFailed: (index: number) => boolean,
): BlockEntry[] {
  const entries = [first];
  for (const index of candidates) {
    if (index > 0 && !hasFailed(index) && list.callsVenue(index)) entries.push(list.parse(index));
  }
  return entries;
}
