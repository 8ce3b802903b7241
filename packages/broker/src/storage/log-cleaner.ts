import type { CleaningPace } from "./cleaning-pace.ts";
import { compact } from "./compaction.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";

export interface CleaningSettings {
  readonly minDirtyRatio: number;
  readonly tombstoneRetentionMs: number;
  /** A segment stays whole until its latest record is so old. */
  readonly minLagMs: number;
  /** A segment that began so long ago is compacted, whatever the ratio is. */
  readonly maxLagMs: number;
}

/** Decides when a log is worth compacting, and sees to it that no log is compacted twice at the same time. */
export class LogCleaner {
  readonly #pace: CleaningPace;
  /** Up to which offset a log was compacted in this process. */
  readonly #cleanedUpTo = new WeakMap<PartitionLog, number>();
  readonly #busy = new WeakSet<PartitionLog>();

  constructor(pace: CleaningPace) {
    this.#pace = pace;
  }

  /** Compacts a log if enough of it is new since the last time. Returns the bytes that became free. */
  async clean(log: PartitionLog, settings: CleaningSettings, nowMs: number): Promise<number> {
    if (this.#busy.has(log)) return 0;
    // Transactions without a decision must not be looked into, nor damage be copied.
    const stable = log.lastStableOffset;
    const closed = log.segments.slice(0, -1);
    const from = this.#cleanedUpTo.get(log) ?? 0;
    const isYoung = ({ nextOffset, maxTimestamp }: Segment): boolean =>
      settings.minLagMs > 0 && nextOffset > from && maxTimestamp > nowMs - settings.minLagMs;
    const end = closed.findIndex(
      (segment) => segment.nextOffset > stable || segment.damagedAt.length > 0 || isYoung(segment),
    );
    const segments = end < 0 ? closed : closed.slice(0, end);
    const dirty = segments.filter(({ nextOffset }) => nextOffset > from);
    const last = dirty.at(-1);
    if (last === undefined) return 0;
    const isOverdue = dirty.some((segment) => beganBefore(segment, nowMs - settings.maxLagMs));
    if (!isOverdue && bytesOf(dirty) < bytesOf(segments) * settings.minDirtyRatio) return 0;
    this.#busy.add(log);
    const before = log.sizeBytes;
    try {
      const tombstonesBeforeMs = nowMs - settings.tombstoneRetentionMs;
      const { disk, producers } = log;
      const task = { disk, segments, producers, tombstonesBeforeMs, nowMs, pace: this.#pace };
      await compact(task, (old, path) => log.replaceSegment(old, path, nowMs));
      this.#cleanedUpTo.set(log, last.nextOffset);
      return Math.max(0, before - log.sizeBytes);
    } finally {
      this.#busy.delete(log);
    }
  }
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function beganBefore(segment: Segment, limitMs: number): boolean {
  if (limitMs <= 0) return false;
  const [first] = segment.walk(0).take(1);
  return first !== undefined && first.header.maxTimestamp > 0 && first.header.maxTimestamp < limitMs;
}
