import type { ProducerState } from "../producers/producer-state.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import type { CleaningPace } from "./cleaning-pace.ts";
import type { Disk } from "./disk.ts";
import {
  BATCH_HEADER_SIZE,
  type BatchHeader,
  isControl,
  isTransactional,
  LOG_OVERHEAD,
  setChecksum,
} from "./record-batch.ts";
import { type BatchRecord, deflateRecords, openRecords, recordsOf } from "./records.ts";
import { Segment } from "./segment.ts";

/** After so many bytes others get their turn. */
const SLICE_BYTES = 1 << 20;
/** Beyond so many keys a pass stops looking ahead: the rest is compacted by the next one. */
const MAX_KEYS = 2_000_000;

/** Ends the names of files that compaction is still writing. */
export const CLEANED_SUFFIX = ".cleaned";

export interface CompactionTask {
  readonly disk: Disk;
  /** The closed segments, oldest first. */
  readonly segments: readonly Segment[];
  readonly producers: ProducerState;
  /** Tombstones whose batch is older are dropped. */
  readonly tombstonesBeforeMs: number;
  readonly nowMs: number;
  /** How fast it goes; what it throws ends the compaction. */
  readonly pace: CleaningPace;
}

interface StoredBatch {
  readonly header: BatchHeader;
  readonly bytes: Buffer;
}

/**
 * Rewrites closed segments so that of all records with the same key only the last remains. Offsets stay; a
 * batch keeps its base and last offset, and its compression. Batches that cannot be opened stay whole. Calls
 * back with each segment and its replacement, which is on the disk.
 */
export async function compact(
  task: CompactionTask,
  replace: (old: Segment, cleanedPath: string) => void,
): Promise<void> {
  const latest = await latestOffsets(task);
  for (const segment of task.segments) await cleanSegment(task, segment, latest, replace);
}

async function* batchesOf(segment: Segment, pace: CleaningPace): AsyncGenerator<StoredBatch> {
  let sinceTurn = 0;
  for (const { header, position } of segment.walk(0)) {
    yield { header, bytes: segment.file.read(position, header.sizeBytes) };
    pace.note(header.sizeBytes);
    sinceTurn += header.sizeBytes;
    if (sinceTurn >= SLICE_BYTES) {
      sinceTurn = 0;
      await pace.rest();
    }
  }
  if (sinceTurn > 0) await pace.rest();
}

/** Key (as latin1 text) to the offset of its last record among those that count. */
async function latestOffsets(task: CompactionTask): Promise<Map<string, number>> {
  const latest = new Map<string, number>();
  for (const segment of task.segments) {
    for await (const batch of batchesOf(segment, task.pace)) {
      if (latest.size >= MAX_KEYS) return latest;
      if (isControl(batch.header) || isAborted(task.producers, batch.header)) continue;
      for (const { key, offset } of readable(batch)?.records ?? []) {
        if (key !== null) latest.set(key.toString("latin1"), offset);
      }
    }
  }
  return latest;
}

function isAborted(producers: ProducerState, header: BatchHeader): boolean {
  if (!isTransactional(header)) return false;
  return producers
    .abortedBetween(header.baseOffset, header.lastOffset + 1)
    .some((aborted) => aborted.producerId === header.producerId && aborted.firstOffset <= header.baseOffset);
}

interface ReadableBatch {
  /** The records' bytes without compression. */
  readonly opened: Buffer;
  readonly records: readonly BatchRecord[];
}

function readable({ header, bytes }: StoredBatch): ReadableBatch | undefined {
  const opened = openRecords(bytes, header);
  if (opened === undefined) return undefined;
  try {
    return { opened, records: [...recordsOf(opened, header)] };
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

async function cleanSegment(
  task: CompactionTask,
  segment: Segment,
  latest: ReadonlyMap<string, number>,
  replace: (old: Segment, cleanedPath: string) => void,
): Promise<void> {
  const path = segment.path + CLEANED_SUFFIX;
  task.disk.removeFile(path);
  const cleaned = new Segment(task.disk, path, segment.baseOffset, task.nowMs);
  try {
    const isChanged = await copyCleaned(task, segment, latest, cleaned);
    cleaned.file.close();
    if (isChanged) replace(segment, path);
    else task.disk.removeFile(path);
  } catch (error) {
    // On a full disk, half a copy would take the last of the space.
    cleaned.file.close();
    task.disk.removeFile(path);
    throw error;
  }
}

/** Writes what remains of a segment to another, on the disk where it differs; true if it does. */
async function copyCleaned(
  task: CompactionTask,
  segment: Segment,
  latest: ReadonlyMap<string, number>,
  cleaned: Segment,
): Promise<boolean> {
  let isChanged = false;
  for await (const batch of batchesOf(segment, task.pace)) {
    const kept = cleanBatch(task, batch, latest);
    isChanged ||= kept !== batch.bytes;
    if (kept === undefined) continue;
    cleaned.append(kept, batch.header);
    task.pace.note(kept.length);
  }
  if (isChanged) await cleaned.file.sync();
  return isChanged;
}

/** What remains of a batch: the same bytes, a smaller batch, or nothing. */
function cleanBatch(
  task: CompactionTask,
  batch: StoredBatch,
  latest: ReadonlyMap<string, number>,
): Buffer | undefined {
  const { header, bytes } = batch;
  if (isControl(header)) return bytes;
  const content = readable(batch);
  if (content === undefined) return bytes;
  const isLastOfProducer =
    task.producers.get(header.producerId)?.batches.at(-1)?.baseOffset === header.baseOffset;
  const dropsTombstones = header.maxTimestamp < task.tombstonesBeforeMs;
  const aborted = isAborted(task.producers, header);
  const kept = content.records.filter(({ key, value, offset }) => {
    if (aborted) return false;
    if (key === null) return true;
    if (offset < (latest.get(key.toString("latin1")) ?? 0)) return false;
    return value !== null || !dropsTombstones;
  });
  if (kept.length === content.records.length) return bytes;
  // The last batch of a producer tells its sequence number after a restart.
  if (kept.length === 0) return isLastOfProducer ? bytes : undefined;
  return rebuilt(batch, content.opened, kept);
}

/** The batch with some of its records only, compressed as before; offsets and sequence numbers stay what they were. */
function rebuilt({ header, bytes }: StoredBatch, opened: Buffer, kept: readonly BatchRecord[]): Buffer {
  const records = Buffer.concat(kept.map(({ start, end }) => opened.subarray(start, end)));
  const out = Buffer.concat([
    bytes.subarray(0, BATCH_HEADER_SIZE),
    deflateRecords(records, header.attributes),
  ]);
  out.writeInt32BE(out.length - LOG_OVERHEAD, LOG_OVERHEAD - 4);
  out.writeInt32BE(kept.length, BATCH_HEADER_SIZE - 4);
  setChecksum(out);
  return out;
}
