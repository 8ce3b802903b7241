import type { BatchHeader } from "./record-batch.ts";
import { inflateRecords, type OpenedRecords } from "./records.ts";

/** What is in one batch: the compression is taken off when somebody first asks, and only then. */
export class BatchContents {
  readonly #batch: Buffer;
  readonly #header: BatchHeader;
  #opened: OpenedRecords | undefined;

  constructor(batch: Buffer, header: BatchHeader) {
    this.#batch = batch;
    this.#header = header;
  }

  open(): OpenedRecords {
    this.#opened ??= inflateRecords(this.#batch, this.#header);
    return this.#opened;
  }
}
