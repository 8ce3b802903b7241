import type { Disk, DiskFile } from "./disk.ts";
import { BATCH_HEADER_SIZE, type BatchHeader, checksumHolds, readBatchHeader } from "./record-batch.ts";
import { SegmentIndex } from "./segment-index.ts";

/** A batch in the log whose bytes are not what was written. Reading stops before it. */
export class CorruptBatch extends Error {
  override readonly name = "CorruptBatch";
}

/** Whole batches out of one segment. */
export interface BatchSlice {
  readonly bytes: Buffer;
  readonly lastOffset: number;
}

/** Walking over headers reads this much of the file at a time. */
const WALK_BYTES = 16 * 1024;

/** One file of a partition's log: batches in offset order, with a sparse index in memory. */
export class Segment {
  readonly baseOffset: number;
  readonly file: DiskFile;
  readonly path: string;
  index = new SegmentIndex();
  nextOffset: number;
  maxTimestamp = -1;
  /** When its first batch was appended or found; decides about rolling by time. */
  createdMs: number;
  /** Bytes before it were not yet checked in this process: their checksums are checked when they are read. */
  uncheckedBefore = 0;
  /** So many bytes from the beginning are covered by the index beside the segment. */
  indexedBytes = 0;
  /** Where damaged batches begin, as recovery found them. */
  damagedAt: number[] = [];
  dirty = false;

  constructor(disk: Disk, path: string, baseOffset: number, nowMs: number) {
    this.file = disk.open(path);
    this.path = path;
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.createdMs = nowMs;
  }

  get sizeBytes(): number {
    return this.file.size;
  }

  append(batch: Buffer, header: BatchHeader): void {
    const position = this.file.size;
    this.file.append([batch]);
    this.dirty = true;
    this.note(header, position);
  }

  /** Takes note of a batch that stands at `position`. */
  note(header: BatchHeader, position: number, force = false): void {
    this.index.offer(header.baseOffset, position, this.maxTimestamp, force);
    this.nextOffset = header.lastOffset + 1;
    this.maxTimestamp = Math.max(this.maxTimestamp, header.maxTimestamp);
  }

  /**
   * Whole batches from the one that holds `offset` on, as many as fit `maxBytes` (at least one), all of them
   * before `endOffset`. Undefined where no such batch is in this segment.
   */
  read(offset: number, maxBytes: number, endOffset: number): BatchSlice | undefined {
    const from = this.find(offset);
    if (from === undefined || from.header.baseOffset >= endOffset) return undefined;
    const wanted = Math.max(maxBytes, from.header.sizeBytes);
    const chunk = this.file.read(from.position, wanted);
    let size = 0;
    let lastOffset = from.header.baseOffset - 1;
    for (;;) {
      const header = readBatchHeader(chunk, size);
      if (header === undefined || header.baseOffset >= endOffset) break;
      if (header.baseOffset <= lastOffset || size + header.sizeBytes > chunk.length) break;
      if (this.#isDamaged(from.position + size)) break;
      if (from.position + size < this.uncheckedBefore && !checksumHolds(chunk, size, header.sizeBytes)) break;
      size += header.sizeBytes;
      lastOffset = header.lastOffset;
    }
    if (size === 0) throw this.#corrupt(from.position);
    return { bytes: chunk.subarray(0, size), lastOffset };
  }

  /** The batch that holds `offset`, or the first after it. */
  find(offset: number): { readonly header: BatchHeader; readonly position: number } | undefined {
    if (offset >= this.nextOffset) return undefined;
    for (const at of this.walk(this.index.positionFor(offset))) {
      if (at.header.lastOffset >= offset) return at;
    }
    return undefined;
  }

  /** The first batch that reaches to `fromOffset` or further and has a timestamp of at least `timestampMs`. */
  findTimestamp(
    timestampMs: number,
    fromOffset: number,
  ): { readonly header: BatchHeader; readonly position: number } | undefined {
    if (timestampMs > this.maxTimestamp) return undefined;
    for (const at of this.walk(this.index.positionForTimestamp(timestampMs))) {
      if (at.header.lastOffset >= fromOffset && at.header.maxTimestamp >= timestampMs) return at;
    }
    return undefined;
  }

  /** The headers of the batches from `position` on, which must be where a batch begins. */
  *walk(position: number): Generator<{ readonly header: BatchHeader; readonly position: number }> {
    let at = position;
    let chunk: Buffer = Buffer.alloc(0);
    let chunkAt = position;
    while (at < this.file.size) {
      if (at + BATCH_HEADER_SIZE > chunkAt + chunk.length) {
        chunk = this.file.read(at, WALK_BYTES);
        chunkAt = at;
      }
      const header = readBatchHeader(chunk, at - chunkAt);
      if (header === undefined || this.#isDamaged(at)) throw this.#corrupt(at);
      yield { header, position: at };
      at += header.sizeBytes;
    }
  }

  #isDamaged(position: number): boolean {
    return this.damagedAt.length > 0 && this.damagedAt.includes(position);
  }

  #corrupt(position: number): CorruptBatch {
    return new CorruptBatch(`damaged batch in ${this.path} at byte ${position}`);
  }

  /** Puts the index beside the segment, so that the next start need not scan it. */
  saveIndex(disk: Disk, extra: unknown): void {
    disk.replaceFile(indexPath(this.path), this.encodeIndex(extra));
    this.indexedBytes = this.file.size;
  }

  /** The index as it is now, good for the bytes that are there now, whatever is appended later. */
  encodeIndex(extra: unknown): Buffer {
    const { nextOffset, maxTimestamp, createdMs, damagedAt } = this;
    const state = { sizeBytes: this.file.size, nextOffset, maxTimestamp, createdMs, damagedAt, extra };
    return this.index.encode(state);
  }
}

export function indexPath(segmentPath: string): string {
  return segmentPath.replace(/\.log$/, ".index");
}

export function segmentPath(folder: string, baseOffset: number): string {
  return `${folder}/${String(baseOffset).padStart(20, "0")}.log`;
}
