import { ProtobufCursor } from "../protobuf.ts";
import { MESSAGE, META, TRANSACTION } from "./protobuf-fields.ts";
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
   * Whether a transaction succeeded and calls a venue's program.
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
