import { PatternSet } from "../pattern-set.ts";
import { base64Size, decodeBase64 } from "./base64-keys.ts";
import { isVenueKey } from "./venue-key.ts";
import { SOLANA_VENUES } from "./venues.ts";
import { KEY_BYTES, readWireTransaction, WireError, type WireTransaction } from "./wire-transaction.ts";

/** The venues' programs as text. */
export const VENUE_PROGRAMS = new PatternSet([...SOLANA_VENUES.keys()]);

/**
 * Whether an instruction of a transaction calls a venue's program, told from the transaction's JSON without
 * parsing it: `space` is what stands after its colons. True also where the parts that tell are not found as
 * nodes write them: then the parser has to look.
 */
export function callsVenue(bytes: Buffer, space: string): boolean {
  const statics = listAt(bytes, `"accountKeys":${space}[`, 0);
  if (statics !== null) return isCalled(bytes, space, placesIn(bytes, statics), countIn(bytes, statics));
  const wire = wireAt(bytes, space);
  if (wire === null) return true;
  const places: number[] = [];
  for (let place = 0; place < wire.keyCount; place++) {
    if (isVenueKey(wire.bytes, wire.keys + KEY_BYTES * place)) places.push(place);
  }
  // Calls at the top are in the message; what they called stands in the metadata.
  const isTop = (place: number) => wire.calls.some(({ program }) => program === place);
  return isCalled(bytes, space, places, wire.keyCount, isTop);
}

/** Whether one of the static keys at `places`, or one of the loaded ones behind them, is called. */
function isCalled(
  bytes: Buffer,
  space: string,
  places: readonly number[],
  statics: number,
  isTop: (place: number) => boolean = () => false,
): boolean {
  const all = [...places];
  const loaded = bytes.indexOf(`"loadedAddresses":${space}{`);
  if (loaded !== -1) {
    const writable = listAt(bytes, `"writable":${space}[`, loaded);
    const readonly = listAt(bytes, `"readonly":${space}[`, loaded);
    if (writable === null || readonly === null) return true;
    for (const place of placesIn(bytes, writable)) all.push(statics + place);
    const before = statics + countIn(bytes, writable);
    for (const place of placesIn(bytes, readonly)) all.push(before + place);
  }
  return all.some((place) => isTop(place) || holdsIndex(bytes, `"programIdIndex":${space}${place}`));
}

interface List {
  /** The first and the last byte between the brackets, the last one out. */
  readonly start: number;
  readonly end: number;
}

/** The list of addresses that begins with `head`; null also where a bracket stands in a text, as in no address. */
function listAt(bytes: Buffer, head: string, from: number): List | null {
  const first = bytes.indexOf(head, from);
  const end = first === -1 ? -1 : bytes.indexOf(CLOSE_ARRAY, first);
  if (end === -1) return null;
  const start = first + head.length;
  const isClosed = end === start || (bytes[end - 1] === QUOTE && quotesIn(bytes, start, end) % 2 === 0);
  return isClosed ? { start, end } : null;
}

const QUOTE = 0x22;
const CLOSE_ARRAY = 0x5d;

/** Places in a list of texts at which a venue's program stands. */
function placesIn(bytes: Buffer, { start, end }: List): number[] {
  const places: number[] = [];
  for (
    let hit = VENUE_PROGRAMS.find(bytes, start, end);
    hit !== -1;
    hit = VENUE_PROGRAMS.find(bytes, hit + 1, end)
  ) {
    places.push((quotesIn(bytes, start, hit) - 1) / 2);
  }
  return places;
}

function countIn(bytes: Buffer, { start, end }: List): number {
  return quotesIn(bytes, start, end) / 2;
}

function quotesIn(bytes: Buffer, start: number, end: number): number {
  let quotes = 0;
  for (let at = start; at < end; at++) if (bytes[at] === QUOTE) quotes++;
  return quotes;
}

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Whether a field with that number is there, and not one that only begins with its digits. */
function holdsIndex(bytes: Buffer, text: string): boolean {
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) {
    const next = bytes[at + text.length] ?? 0;
    if (next < DIGIT_0 || next > DIGIT_9) return true;
  }
  return false;
}

/** Where a transaction's bytes stand while it is told whether it calls a venue. */
let scratch: Uint8Array = new Uint8Array(2048);

/** The transaction itself, where it is written in base64, until the next is asked for; null where it is not, or makes no sense. */
function wireAt(bytes: Buffer, space: string): WireTransaction | null {
  const head = `"transaction":${space}["`;
  const first = bytes.indexOf(head);
  const end = first === -1 ? -1 : bytes.indexOf(QUOTE, first + head.length);
  if (end === -1) return null;
  const start = first + head.length;
  const size = base64Size(bytes, start, end);
  if (scratch.length < size) scratch = new Uint8Array(2 * size);
  if (!decodeBase64(bytes, start, end, scratch)) return null;
  try {
    return readWireTransaction(scratch.subarray(0, size));
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
