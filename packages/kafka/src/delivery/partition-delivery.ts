import { partitionName } from "@candlewick/contracts";
import type { ConsumedRecord } from "../record/message.ts";
import { readRetryInfo } from "../retry/retry-headers.ts";
import { encodeFinished } from "./commit-metadata.ts";
import type { AssignedPartition } from "./delivery-events.ts";
import type { Lane } from "./lane.ts";
import { OffsetTracker, type Tracked } from "./offset-tracker.ts";
import { ParkedKeys } from "./parked-keys.ts";

/** A record from its arrival until it is finished. */
export interface Entry extends Tracked {
  readonly record: ConsumedRecord;
  readonly partition: PartitionDelivery;
  /** How often it was handed out, here and before it came to a retry topic. */
  attempts: number;
}

/** A partition's offset as it may be committed. */
export interface CommittableOffset {
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
  /** Which records above `next` are finished too; see commit-metadata. */
  readonly metadata: string;
}

/** A partition of a topic with the partitions of the same number of its retry topics. */
export class Family {
  /** `partitionName` of level 0. */
  readonly name: string;
  readonly parked: ParkedKeys;
  /** By level; level 0 is the topic itself. */
  readonly levels: (PartitionDelivery | undefined)[] = [];
  readonly lanes = new Map<string, Lane>();
  /** Lanes that are ready but may not run. */
  blocked: Lane[] = [];
  isPaused = false;
  /** It is to be given up: nothing more of it begins. */
  isLeaving = false;
  /** Calls of handlers and moves that are under way. */
  inHand = 0;

  constructor(name: string, levels: number) {
    this.name = name;
    this.parked = new ParkedKeys(levels);
  }

  /** The lowest level above the partition's where the key has unfinished records; null where there is none. */
  parkLevel(level: number, key: Buffer): number | null {
    return this.parked.levelAbove(level, key, (above) => this.levels[above]?.tracker.next ?? 0);
  }
}

/** One partition that is being read. */
export class PartitionDelivery {
  readonly topic: string;
  readonly partition: number;
  readonly name: string;
  readonly level: number;
  readonly family: Family;
  tracker: OffsetTracker<Entry>;
  /** The record at the head of a retry topic is not due before; null where nothing is held. */
  heldUntilMs: number | null = null;
  isFull = false;
  /** Records that wait in lanes, and whether they are enough for now; see ReadAhead. */
  waiting = 0;
  isAhead = false;
  /** Records from here on that lie in retry topics already. */
  movedBefore = 0;
  /** The time stamp of the newest record that is finished, milliseconds since the epoch. */
  finishedTimestampMs: number | null = null;
  #committed: CommittableOffset | null = null;

  constructor(name: string, assigned: AssignedPartition, family: Family) {
    this.topic = assigned.topic;
    this.partition = assigned.partition;
    this.name = name;
    this.level = assigned.level;
    this.family = family;
    this.tracker = new OffsetTracker(assigned.next, assigned.finished);
  }

  /**
   * Keeps in mind what lies in this retry topic: its key is parked, and its source record must not be handled. Only
   * what was moved and not committed before a crash is read again, so that `mostMoved`, a window of it, is enough.
   */
  noteBacklog(record: ConsumedRecord, mostMoved: number): void {
    const offset = Number(record.offset);
    if (this.tracker.isKnown(offset)) return;
    if (record.key !== null) this.family.parked.note(this.level, record.key, offset);
    const source = this.family.levels[0];
    if (source === undefined || source.movedBefore >= mostMoved) return;
    const { origin } = readRetryInfo(record);
    if (origin === null || partitionName(origin) !== source.name) return;
    const moved = Number(origin.offset);
    if (moved < source.tracker.position) return;
    source.movedBefore++;
    source.tracker.markKnown(moved);
  }

  /** The log goes on at another offset. Further back its records are new ones under offsets that were seen before. */
  relocate(offset: number): void {
    if (offset >= this.tracker.position) {
      this.tracker.reached(offset);
      return;
    }
    this.tracker = new OffsetTracker(offset);
    this.isFull = false;
  }

  /** Whether more records may be fetched. */
  get isWanted(): boolean {
    const { isPaused, isLeaving } = this.family;
    return !this.isFull && !this.isAhead && this.heldUntilMs === null && !isPaused && !isLeaving;
  }

  /** What may be committed of it; null where that is committed already. */
  committable(): CommittableOffset | null {
    const { topic, partition, tracker } = this;
    const { next } = tracker;
    const metadata = encodeFinished(next, tracker.finishedAbove());
    const isCommitted = next === this.#committed?.next && metadata === this.#committed.metadata;
    return isCommitted ? null : { topic, partition, next, metadata };
  }

  /** What is committed now; null: it is to be committed again. */
  committed(offset: CommittableOffset | null): void {
    this.#committed = offset;
  }

  /** The age of the oldest record that is not finished; of the newest finished one where none has arrived. */
  ageMs(nowMs: number): number {
    const timestampMs = this.tracker.oldest?.record.timestampMs ?? this.finishedTimestampMs;
    return timestampMs === null ? 0 : Math.max(0, nowMs - timestampMs);
  }
}
