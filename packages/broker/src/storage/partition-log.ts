import { ProducerState, type SequenceVerdict } from "../producers/producer-state.ts";
import type { ErrorCode } from "../protocol/error-code.ts";
import { CLEANED_SUFFIX } from "./compaction.ts";
import type { Disk } from "./disk.ts";
import { type BatchHeader, stampBatch } from "./record-batch.ts";
import {
  applyToProducers,
  loadSavedIndex,
  type RecoveryFinding,
  readSavedState,
  scanSegment,
} from "./recovery.ts";
import { type BatchSlice, indexPath, Segment, segmentPath } from "./segment.ts";

export interface LogSettings {
  segmentBytes: number;
  segmentMs: number;
  retentionMs: number;
  retentionBytes: number;
  /** So many records at most are not on the disk when they are acknowledged; infinite where the system decides. */
  flushMessages: number;
  /** So long at most records are not on the disk. */
  flushMs: number;
}

/** Whether records become visible and acknowledged only when they are on the disk, or at once. */
export type Visibility = "after-sync" | "at-once";

export type AppendResult =
  | { readonly kind: "appended"; readonly baseOffset: number; readonly endOffset: number }
  | { readonly kind: "duplicate"; readonly baseOffset: number; readonly timestampMs: number }
  | { readonly kind: "rejected"; readonly errorCode: ErrorCode };

/** The only leader epoch there ever is: one broker leads every partition for ever. */
export const LEADER_EPOCH = 0;

interface DurabilityWaiter {
  readonly endOffset: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The log of one partition: segments of batches, offsets given out one after the other, and the high watermark
 * up to which consumers may read. With visibility "after-sync" nothing is shown or acknowledged that a power
 * cut could take back; concurrent appends share one sync.
 */
export class PartitionLog {
  readonly disk: Disk;
  readonly #folder: string;
  readonly #visibility: Visibility;
  readonly settings: LogSettings;
  readonly producers = new ProducerState();
  readonly findings: readonly RecoveryFinding[];
  #segments: Segment[] = [];
  #active: Segment;
  #startOffset = 0;
  #highWatermark: number;
  /** Records before it are on the disk, whatever the power does; known since the last start. */
  #syncedOffset: number;
  /** Records before it are acknowledged only when they are on the disk, as `flush.messages` asks for. */
  #flushDueOffset = 0;
  /** When the first record came that is not on the disk. */
  #unsyncedSinceMs: number | undefined;
  #syncing: Promise<void> | undefined;
  #waiters: DurabilityWaiter[] = [];
  #failure: unknown;
  #closed = false;
  readonly #listeners = new Set<() => void>();

  constructor(disk: Disk, folder: string, settings: LogSettings, visibility: Visibility, nowMs: number) {
    this.disk = disk;
    this.#folder = folder;
    this.#visibility = visibility;
    this.settings = settings;
    disk.makeFolder(folder);
    this.findings = this.#recover(nowMs);
    const active = this.#segments.at(-1) ?? this.#addSegment(0, nowMs);
    this.#active = active;
    this.#highWatermark = active.nextOffset;
    this.#syncedOffset = active.nextOffset;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  /** The offset that the next record will get. */
  get endOffset(): number {
    return this.#active.nextOffset;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** Records before it are decided: committed, aborted, or not part of a transaction. */
  get lastStableOffset(): number {
    return Math.min(this.producers.firstUndecidedOffset ?? this.#highWatermark, this.#highWatermark);
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** True once the log is closed or its partition deleted. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  #recover(nowMs: number): RecoveryFinding[] {
    const findings: RecoveryFinding[] = [];
    const bases = this.disk
      .list(this.#folder)
      .filter((name) => /^\d{20}\.log$/.test(name))
      .map((name) => Number(name.slice(0, 20)))
      .sort((a, b) => a - b);
    for (const name of this.disk.list(this.#folder)) {
      if (name.endsWith(CLEANED_SUFFIX)) this.disk.removeFile(`${this.#folder}/${name}`);
    }
    const isContiguous = this.disk.readFile(this.#compactedPath()) === undefined;
    for (const [index, base] of bases.entries()) {
      const segment = this.#addSegment(base, nowMs);
      loadSavedIndex(this.disk, segment, this.producers);
      if (segment.indexedBytes === segment.sizeBytes) continue;
      const bounds = { isContiguous, endOffset: bases[index + 1] };
      findings.push(...scanSegment(segment, this.producers, bounds, nowMs));
      // A killed process leaves to the system what it had not synced: that is sure only when it is on the disk.
      if (this.#visibility === "after-sync") segment.file.syncNow();
      if (bounds.endOffset !== undefined) segment.saveIndex(this.disk, this.producers.snapshot());
    }
    const saved = this.disk.readFile(this.#startOffsetPath());
    const first = this.#segments[0]?.baseOffset ?? 0;
    this.#startOffset = Math.max(first, saved === undefined ? 0 : Number(saved.toString()));
    return findings;
  }

  /** A file whose presence says that compaction has made gaps between offsets. */
  #compactedPath(): string {
    return `${this.#folder}/compacted`;
  }

  #startOffsetPath(): string {
    return `${this.#folder}/start-offset`;
  }

  #addSegment(baseOffset: number, nowMs: number): Segment {
    const segment = new Segment(this.disk, segmentPath(this.#folder, baseOffset), baseOffset, nowMs);
    this.#segments.push(segment);
    return segment;
  }

  /**
   * Appends one batch, which gets its offset written into it, and returns before it is durable. Throws where
   * the disk refuses; the log is then as it was before.
   */
  append(batch: Buffer, header: BatchHeader, nowMs: number): AppendResult {
    this.#assertSound();
    const verdict: SequenceVerdict = this.producers.check(header);
    if (verdict.kind === "duplicate") return verdict;
    if (verdict.kind === "reject") return { kind: "rejected", errorCode: verdict.errorCode };
    return this.appendUnchecked(batch, header, nowMs);
  }

  /** Appends without looking at sequence numbers: the broker's own batches. */
  appendUnchecked(batch: Buffer, header: BatchHeader, nowMs: number): AppendResult & { kind: "appended" } {
    this.#assertSound();
    this.#rollIfDue(header.sizeBytes, nowMs);
    const baseOffset = this.#active.nextOffset;
    stampBatch(batch, baseOffset, LEADER_EPOCH);
    const count = header.lastOffset - header.baseOffset + 1;
    const stamped: BatchHeader = { ...header, baseOffset, lastOffset: baseOffset + count - 1 };
    this.#active.append(batch, stamped);
    applyToProducers(this.producers, stamped, batch, nowMs);
    this.#unsyncedSinceMs ??= nowMs;
    if (this.#visibility === "after-sync") this.#startSync();
    else {
      if (this.endOffset - this.#syncedOffset >= this.settings.flushMessages)
        this.#flushDueOffset = this.endOffset;
      this.#advance(this.endOffset);
    }
    return { kind: "appended", baseOffset, endOffset: this.endOffset };
  }

  #assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #rollIfDue(nextBytes: number, nowMs: number): void {
    const active = this.#active;
    if (active.sizeBytes === 0) {
      active.createdMs = nowMs;
      return;
    }
    const full = active.sizeBytes + nextBytes > this.settings.segmentBytes;
    if (full || nowMs - active.createdMs >= this.settings.segmentMs) this.roll(nowMs);
  }

  /** Ends the active segment and begins the next. */
  roll(nowMs: number): void {
    const ended = this.#active;
    // Only the last segment may ever have a torn end, and an index may cover only what is on the disk: the end
    // of this one is there before anything of the next is. Little of it is not yet, where syncs are waited for.
    if (this.#visibility === "after-sync") this.#syncBeforeRoll(ended);
    this.#active = this.#addSegment(ended.nextOffset, nowMs);
    ended.saveIndex(this.disk, this.producers.snapshot());
    this.#startSync();
  }

  #syncBeforeRoll(segment: Segment): void {
    try {
      segment.file.syncNow();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Resolves when everything before `endOffset` may be acknowledged as durable. */
  async whenDurable(endOffset: number): Promise<void> {
    const mustWait = this.#visibility === "after-sync" || endOffset <= this.#flushDueOffset;
    if (!mustWait || endOffset <= this.#syncedOffset) return;
    this.#assertSound();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ endOffset, resolve, reject });
    this.#startSync();
    await promise;
  }

  /** Syncs in the background if there has been something to sync for longer than `flush.ms` allows. */
  flushIfDue(nowMs: number): void {
    if (nowMs - (this.#unsyncedSinceMs ?? nowMs) >= this.settings.flushMs) this.#startSync();
  }

  /** Syncs everything appended so far to the disk. */
  async flush(): Promise<void> {
    // One that is under way may have begun before the last append.
    await this.#syncing;
    this.#startSync();
    await this.#syncing;
    this.#assertSound();
  }

  #startSync(): void {
    if (this.#syncing !== undefined || this.#failure !== undefined) return;
    const dirty = this.#segments.filter((segment) => segment.dirty);
    if (dirty.length === 0) return;
    const target = this.endOffset;
    this.#unsyncedSinceMs = undefined;
    for (const segment of dirty) segment.dirty = false;
    this.#syncing = Promise.all(dirty.map((segment) => segment.file.sync())).then(
      () => this.#synced(target),
      (error: unknown) => this.#fail(error),
    );
  }

  #synced(target: number): void {
    this.#syncing = undefined;
    this.#syncedOffset = Math.max(this.#syncedOffset, target);
    this.#advance(target);
    // What came during the sync, and is waited for, must not wait for the next append.
    if (this.#visibility === "after-sync" || this.#waiters.length > 0) this.#startSync();
  }

  /** After a failed sync nobody knows what is on the disk: nothing more is accepted until a restart. */
  #fail(error: unknown): void {
    this.#syncing = undefined;
    this.#failure = error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #advance(offset: number): void {
    if (offset > this.#highWatermark) this.#highWatermark = offset;
    const due = this.#waiters.filter((waiter) => waiter.endOffset <= this.#syncedOffset);
    if (due.length > 0) {
      this.#waiters = this.#waiters.filter((waiter) => waiter.endOffset > this.#syncedOffset);
      for (const waiter of due) waiter.resolve();
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each advance of the high watermark, and once when the log is closed. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whole batches that hold offsets from `offset` up to before `endOffset`; undefined where none is there. */
  read(offset: number, maxBytes: number, endOffset: number): BatchSlice | undefined {
    if (offset >= endOffset) return undefined;
    for (let index = this.#segmentFor(offset); index < this.#segments.length; index++) {
      const slice = this.#segments[index]?.read(offset, maxBytes, endOffset);
      if (slice !== undefined) return slice;
    }
    return undefined;
  }

  #segmentFor(offset: number): number {
    let index = this.#segments.length - 1;
    while (index > 0 && (this.#segments[index]?.baseOffset ?? 0) > offset) index--;
    return index;
  }

  /** About how many bytes of records lie in [offset, high watermark): exact enough to end a long poll. */
  bytesFrom(offset: number, limit: number): number {
    if (offset >= this.#highWatermark) return 0;
    let bytes = 0;
    for (let index = this.#segmentFor(offset); index < this.#segments.length && bytes < limit; index++) {
      const segment = this.#segments[index];
      if (segment === undefined) break;
      const found = segment.find(Math.max(offset, segment.baseOffset));
      if (found !== undefined) bytes += segment.sizeBytes - found.position;
    }
    return bytes;
  }

  /** The first batch from `offset` on whose timestamps reach `timestampMs`, with its bytes; undefined where none does. */
  batchAtTimestamp(
    timestampMs: number,
    offset = this.#startOffset,
  ): { readonly header: BatchHeader; readonly bytes: Buffer } | undefined {
    for (const segment of this.#segments) {
      if (segment.nextOffset <= offset) continue;
      const found = segment.findTimestamp(timestampMs, offset);
      if (found === undefined) continue;
      if (found.header.baseOffset >= this.#highWatermark) return undefined;
      return { header: found.header, bytes: segment.file.read(found.position, found.header.sizeBytes) };
    }
    return undefined;
  }

  /**
   * The batch that has the largest timestamp first; the first one where none has a timestamp. As in Apache Kafka it
   * may lie before what can be read, as long as its segment is there.
   */
  batchWithMaxTimestamp(): { readonly header: BatchHeader; readonly bytes: Buffer } | undefined {
    const maxTimestamp = this.#segments.reduce((max, segment) => Math.max(max, segment.maxTimestamp), -1);
    return this.batchAtTimestamp(maxTimestamp, 0);
  }

  /** Makes `offset` the first that can be read. Segments that lie wholly before it stay until they are dropped. */
  deleteBefore(offset: number, nowMs: number): void {
    if (offset <= this.#startOffset) return;
    if (offset >= this.endOffset && this.#active.sizeBytes > 0) this.roll(nowMs);
    this.disk.replaceFile(this.#startOffsetPath(), Buffer.from(String(offset)));
    this.#startOffset = offset;
  }

  /** Drops the segments that lie wholly before what can be read. */
  dropDeleted(): void {
    const offset = this.#startOffset;
    while (
      this.#segments.length > 1 &&
      (this.#segments[1]?.baseOffset ?? Number.POSITIVE_INFINITY) <= offset
    ) {
      const dropped = this.#segments.shift();
      if (dropped === undefined) break;
      dropped.file.close();
      this.disk.removeFile(dropped.path);
      this.disk.removeFile(indexPath(dropped.path));
    }
  }

  /** Drops what retention by time or size no longer keeps. Returns the number of segments dropped. */
  applyRetention(nowMs: number): number {
    const { retentionMs, retentionBytes } = this.settings;
    const before = this.#segments.length;
    this.dropDeleted();
    const expired = (segment: Segment): boolean =>
      segment.sizeBytes > 0 && retentionMs >= 0 && nowMs - segment.maxTimestamp > retentionMs;
    let size = this.sizeBytes;
    for (const segment of [...this.#segments]) {
      if (segment.nextOffset > this.#highWatermark) break;
      const isActive = segment === this.#active;
      const oversize = !isActive && retentionBytes >= 0 && size - segment.sizeBytes >= retentionBytes;
      if (!oversize && !expired(segment)) break;
      size -= segment.sizeBytes;
      this.deleteBefore(segment.nextOffset, nowMs);
      this.dropDeleted();
    }
    return before - this.#segments.length;
  }

  /** Puts a compacted file in the place of a closed segment, unless that is gone by now. */
  replaceSegment(old: Segment, cleanedPath: string, nowMs: number): void {
    const index = this.#segments.indexOf(old);
    if (index < 0 || old === this.#active || this.#closed) {
      this.disk.removeFile(cleanedPath);
      return;
    }
    const oldBytes = old.sizeBytes;
    const saved = readSavedState(this.disk, old);
    // First the word that offsets may jump, then the file in which they do.
    this.disk.replaceFile(this.#compactedPath(), Buffer.alloc(0));
    this.disk.removeFile(indexPath(old.path));
    this.disk.rename(cleanedPath, old.path);
    old.file.close();
    const fresh = new Segment(this.disk, old.path, old.baseOffset, nowMs);
    for (const { header, position } of fresh.walk(0)) fresh.note(header, position);
    if (saved?.sizeBytes === oldBytes) fresh.saveIndex(this.disk, saved.extra);
    this.#segments[index] = fresh;
  }

  /**
   * Saves the index of the active segment if it has grown by so much since the last time, so that a start after
   * a crash need scan only what came later.
   */
  async checkpoint(minGrowthBytes: number): Promise<void> {
    const segment = this.#active;
    const { sizeBytes } = segment;
    if (sizeBytes - segment.indexedBytes < minGrowthBytes) return;
    const encoded = segment.encodeIndex(this.producers.snapshot());
    // An index may cover only what a power cut cannot take back.
    await this.flush();
    if (this.#closed || segment !== this.#active) return;
    this.disk.replaceFile(indexPath(segment.path), encoded);
    segment.indexedBytes = sizeBytes;
  }

  /**
   * Syncs, saves the index so that the next start is quick, and closes. Resolves with the reason where the index
   * could not be saved: nothing but time is lost by that.
   */
  async close(): Promise<unknown> {
    try {
      await this.flush();
      return this.#saveIndex();
    } finally {
      this.abandon();
    }
  }

  #saveIndex(): unknown {
    try {
      this.#active.saveIndex(this.disk, this.producers.snapshot());
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Closes without saving anything: the partition is being deleted. */
  abandon(): void {
    this.#closed = true;
    this.#failure ??= new Error("log closed");
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    for (const segment of this.#segments) segment.file.close();
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }
}
