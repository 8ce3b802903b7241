import type { ProducerSnapshot, ProducerState } from "../producers/producer-state.ts";
import type { Disk } from "./disk.ts";
import {
  BATCH_HEADER_SIZE,
  type BatchHeader,
  checksumHolds,
  isControl,
  readBatchHeader,
} from "./record-batch.ts";
import { indexPath, type Segment } from "./segment.ts";
import { SegmentIndex } from "./segment-index.ts";
import { readMarker } from "./transaction-marker.ts";

/** What recovery found that a person should know. */
export type RecoveryFinding =
  | {
      readonly kind: "torn-tail";
      readonly path: string;
      readonly position: number;
      readonly droppedBytes: number;
    }
  | {
      readonly kind: "damaged-middle";
      readonly path: string;
      readonly position: number;
      readonly resumedAt: number;
      /** Offsets [from, to) cannot be read. */
      readonly fromOffset: number;
      readonly toOffset: number;
    };

interface SavedState {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  readonly maxTimestamp: number;
  readonly createdMs: number;
  readonly damagedAt: number[];
  readonly extra: ProducerSnapshot;
}

/** What was saved beside a segment, with the index; undefined where it is missing or of a longer file. */
export function readSavedState(
  disk: Disk,
  segment: Segment,
): (SavedState & { readonly index: SegmentIndex }) | undefined {
  const file = disk.readFile(indexPath(segment.path));
  const decoded = file === undefined ? undefined : SegmentIndex.decode(file);
  if (decoded === undefined) return undefined;
  const saved = decoded.extra as SavedState;
  return saved.sizeBytes <= segment.sizeBytes ? { ...saved, index: decoded.index } : undefined;
}

/**
 * Takes the index that was saved beside a segment, with the producers' state at its end. It covers the file up
 * to where it ended then, and `indexedBytes` says how far that is; what lies behind must be scanned.
 */
export function loadSavedIndex(disk: Disk, segment: Segment, producers: ProducerState): void {
  const saved = readSavedState(disk, segment);
  if (saved === undefined) {
    // One of a longer file would seem to fit again when the file has grown, with other batches in it.
    disk.removeFile(indexPath(segment.path));
    return;
  }
  segment.index = saved.index;
  segment.nextOffset = saved.nextOffset;
  segment.maxTimestamp = saved.maxTimestamp;
  segment.createdMs = saved.createdMs;
  segment.damagedAt = saved.damagedAt;
  segment.uncheckedBefore = saved.sizeBytes;
  segment.indexedBytes = saved.sizeBytes;
  producers.restore(saved.extra);
}

/** Applies a batch of the log to what is known about producers; on append and on recovery alike. */
export function applyToProducers(
  producers: ProducerState,
  header: BatchHeader,
  batch: Buffer,
  nowMs: number,
): void {
  if (header.producerId < 0) return;
  if (!isControl(header)) {
    producers.record(header, nowMs);
    return;
  }
  const marker = readMarker(batch);
  if (marker !== undefined) producers.recordMarker(header, marker === "commit", nowMs);
}

/** How much of a segment is read at a time while scanning; a larger batch is read by itself. */
const SCAN_BYTES = 1 << 20;

/** What is known of a segment before it is scanned. */
export interface ScanBounds {
  /** False where compaction has taken batches out: offsets may then jump. */
  readonly isContiguous: boolean;
  /** Where the next segment begins; undefined for the last one. */
  readonly endOffset: number | undefined;
}

/**
 * Reads a segment from where its saved index ends, checks every batch, and completes the index and the
 * producers' state. A damaged end of the last segment is cut off: it is a write that a crash tore. Damage with whole batches behind
 * it is not torn but rotten: nothing is cut, and the finding names what can no longer be read.
 */
export function scanSegment(
  segment: Segment,
  producers: ProducerState,
  bounds: ScanBounds,
  nowMs: number,
): RecoveryFinding[] {
  const findings: RecoveryFinding[] = [];
  const { path } = segment;
  const scan = new SegmentScan(segment, bounds.endOffset ?? Number.POSITIVE_INFINITY);
  let position = segment.indexedBytes;
  let afterDamage = false;
  while (position < segment.sizeBytes) {
    const mayJump = afterDamage || !bounds.isContiguous;
    const batch = scan.batchAt(position, segment.nextOffset, mayJump);
    if (batch !== undefined) {
      segment.note(batch.header, position, afterDamage);
      applyToProducers(producers, batch.header, batch.bytes, nowMs);
      position += batch.header.sizeBytes;
      afterDamage = false;
      continue;
    }
    const next = scan.findBatchAfter(position, segment.nextOffset);
    if (next === undefined && bounds.endOffset === undefined) {
      findings.push({ kind: "torn-tail", path, position, droppedBytes: segment.sizeBytes - position });
      segment.file.truncate(position);
      segment.dirty = true;
      break;
    }
    const fromOffset = segment.nextOffset;
    const resumedAt = next?.position ?? segment.sizeBytes;
    const toOffset = next?.header.baseOffset ?? bounds.endOffset ?? fromOffset;
    findings.push({ kind: "damaged-middle", path, position, resumedAt, fromOffset, toOffset });
    segment.damagedAt.push(position);
    if (next === undefined) segment.nextOffset = toOffset;
    position = resumedAt;
    afterDamage = true;
  }
  return findings;
}

interface FoundBatch {
  readonly header: BatchHeader;
  readonly bytes: Buffer;
  readonly position: number;
}

/** A window over the file that moves along with the scan. */
class SegmentScan {
  readonly #segment: Segment;
  readonly #endOffset: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;

  constructor(segment: Segment, endOffset: number) {
    this.#segment = segment;
    this.#endOffset = endOffset;
  }

  #bytes(position: number, length: number): Buffer {
    if (position < this.#chunkAt || position + length > this.#chunkAt + this.#chunk.length) {
      this.#chunk = this.#segment.file.read(position, Math.max(length, SCAN_BYTES));
      this.#chunkAt = position;
    }
    const start = position - this.#chunkAt;
    return this.#chunk.subarray(start, start + length);
  }

  /** The sound batch at `position` that may follow one that ended before `minOffset`, or undefined. */
  batchAt(position: number, minOffset: number, mayJump: boolean): FoundBatch | undefined {
    const batch = this.#soundBatchAt(position, minOffset);
    if (batch === undefined || batch.header.baseOffset === minOffset) return batch;
    // The offset lies outside the checksum. One that jumps is right only if the next batch does not deny it.
    if (!mayJump) return undefined;
    const follower = this.#soundBatchAt(position + batch.header.sizeBytes, minOffset);
    const isDenied = follower !== undefined && follower.header.baseOffset <= batch.header.lastOffset;
    return isDenied ? undefined : batch;
  }

  #soundBatchAt(position: number, minOffset: number): FoundBatch | undefined {
    const header = readBatchHeader(this.#bytes(position, BATCH_HEADER_SIZE));
    if (header === undefined || header.baseOffset < minOffset) return undefined;
    if (header.lastOffset < header.baseOffset || header.lastOffset >= this.#endOffset) return undefined;
    if (position + header.sizeBytes > this.#segment.sizeBytes) return undefined;
    const bytes = this.#bytes(position, header.sizeBytes);
    return checksumHolds(bytes, 0, header.sizeBytes) ? { header, bytes, position } : undefined;
  }

  /** The first sound batch anywhere behind a damaged place. */
  findBatchAfter(damagedAt: number, minOffset: number): FoundBatch | undefined {
    for (let position = damagedAt + 1; position + BATCH_HEADER_SIZE <= this.#segment.sizeBytes; position++) {
      const found = this.batchAt(position, minOffset, true);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
