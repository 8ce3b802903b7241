import type { ConsumedRecord } from "../record/message.ts";
import { recordBytes } from "../record/record-memory.ts";

/**
 * Records that were fetched and not handed over yet, in order of arrival. It says when it has room, so that
 * nothing more is fetched while it is full.
 */
export class RecordBuffer {
  readonly #maxBytes: number;
  #chunks: (readonly ConsumedRecord[])[] = [];
  /** How many records of the first chunk are gone. */
  #taken = 0;
  #bytes = 0;
  #end: { readonly error: Error | null } | null = null;
  #arrival = Promise.withResolvers<void>();
  #departure = Promise.withResolvers<void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(records: readonly ConsumedRecord[]): void {
    if (records.length === 0 || this.#end !== null) return;
    for (const record of records) this.#bytes += recordBytes(record);
    this.#chunks.push(records);
    this.#arrival.resolve();
  }

  /** Resolves when less than the limit is held; at once when it was closed. */
  async room(): Promise<void> {
    while (this.#bytes >= this.#maxBytes && this.#end === null) await this.#departure.promise;
  }

  /**
   * Everything that is there, up to the bounds and at least one record; waits for it. Empty once the buffer
   * was closed. Rejects with the error that it was failed with.
   */
  async take(maxRecords: number, maxBytes: number): Promise<ConsumedRecord[]> {
    while (this.#chunks.length === 0 && this.#end === null) {
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
    }
    if (this.#end !== null) {
      if (this.#end.error !== null) throw this.#end.error;
      return [];
    }
    const batch: ConsumedRecord[] = [];
    let bytes = 0;
    for (let next = this.#next(); next !== undefined && batch.length < maxRecords; next = this.#next()) {
      const size = recordBytes(next);
      if (batch.length > 0 && bytes + size > maxBytes) break;
      batch.push(next);
      bytes += size;
      this.#taken++;
    }
    this.#bytes -= bytes;
    // Several may wait for room: each departure has a promise of its own that all of them hear.
    this.#departure.resolve();
    this.#departure = Promise.withResolvers();
    return batch;
  }

  /** Throws away what is held; whoever waits is told. */
  close(): void {
    this.#finish(null);
  }

  /** The same, and the next `take` rejects. */
  fail(error: Error): void {
    this.#finish(error);
  }

  #next(): ConsumedRecord | undefined {
    const first = this.#chunks[0];
    if (first === undefined || this.#taken < first.length) return first?.[this.#taken];
    this.#chunks.shift();
    this.#taken = 0;
    return this.#chunks[0]?.[0];
  }

  #finish(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    this.#chunks = [];
    this.#bytes = 0;
    this.#arrival.resolve();
    this.#departure.resolve();
  }
}
