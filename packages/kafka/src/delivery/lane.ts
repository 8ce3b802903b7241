import { Fifo } from "./fifo.ts";
import type { Entry, Family } from "./partition-delivery.ts";

/**
 * - idle: nothing is queued
 * - lingering: a batch waits for more records
 * - ready: its turn will come
 * - waiting: an attempt in place is due later
 * - busy: a handler has records of it, or one of its records is being moved
 */
export type LaneState = "idle" | "lingering" | "ready" | "waiting" | "busy";

/** Records that are handled one after the other: those of a key, or of a partition. */
export class Lane {
  readonly family: Family;
  /** The key of the lane in its family; null for a record without key, which has a lane of its own. */
  readonly key: string | null;
  readonly queue = new Fifo<Entry>();
  state: LaneState = "idle";
  queuedBytes = 0;
  /** Failed attempts in place, one after the other, and since when. */
  failures = 0;
  failingSinceMs: number | null = null;
  /** So many records are handed out one by one, to find out which one made their batch fail. */
  singles = 0;
  /** Only the timer that was set last counts. */
  timer = 0;

  constructor(family: Family, key: string | null) {
    this.family = family;
    this.key = key;
  }

  push(entry: Entry): void {
    this.queue.push(entry);
    entry.partition.waiting++;
    this.queuedBytes += entry.bytes;
  }

  shift(): Entry | undefined {
    const entry = this.queue.shift();
    if (entry === undefined) return undefined;
    this.queuedBytes -= entry.bytes;
    entry.partition.waiting--;
    return entry;
  }

  unshift(entries: readonly Entry[]): void {
    this.queue.unshift(entries);
    for (const entry of entries) {
      this.queuedBytes += entry.bytes;
      entry.partition.waiting++;
    }
  }

  /** An attempt went through: the next failure is the first one again. */
  recovered(): void {
    this.failures = 0;
    this.failingSinceMs = null;
    if (this.singles > 0) this.singles--;
  }
}
