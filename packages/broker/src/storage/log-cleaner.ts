import type { CleaningPace } from "./cleaning-pace.ts";
import { compact } from "./compaction.ts";
import type { PartitionLog } from "./partition-log.ts";

export interface CleaningSettings {
  readonly minDirtyRatio: number;
  readonly tombstoneRetentionMs: number;
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
    const end = closed.findIndex((segment) => segment.nextOffset > stable || segment.damagedAt.length > 0);
    const segments = end < 0 ? closed : closed.slice(0, end);
    const last = segments.at(-1);
    if (last === undefined) return 0;
    const from = this.#cleanedUpTo.get(log) ?? 0;
    const total = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    const dirty = segments.reduce(
      (sum, segment) => sum + (segment.nextOffset > from ? segment.sizeBytes : 0),
      0,
    );
    if (last.nextOffset <= from || dirty < total * settings.minDirtyRatio) return 0;
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
