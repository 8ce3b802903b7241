import { partitionName } from "@candlewick/contracts";
import { backoffMs } from "../cluster/backoff.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { recordBytes } from "../record/record-memory.ts";
import { attemptsBefore, isOfOtherGroup, readRetryInfo } from "../retry/retry-headers.ts";
import { noCounts } from "./delivery-counts.ts";
import type {
  AssignedPartition,
  DeliveryCommand,
  DeliveryEvent,
  DeliverySettings,
  Failure,
  PublishTicket,
  RunTicket,
} from "./delivery-events.ts";
import { Fifo } from "./fifo.ts";
import { Lane } from "./lane.ts";
import { type CommittableOffset, type Entry, Family, PartitionDelivery } from "./partition-delivery.ts";
import { ReadAhead } from "./read-ahead.ts";
import { TimerQueue } from "./timer-queue.ts";

type DeliveryEventOf<Kind extends DeliveryEvent["kind"]> = Extract<DeliveryEvent, { readonly kind: Kind }>;

type Timer =
  | { readonly kind: "lane"; readonly lane: Lane; readonly timer: number }
  | { readonly kind: "hold"; readonly partition: PartitionDelivery };

const NOTHING: DeliveryCommand[] = [];

/**
 * The delivery of records to handlers, decided without any input or output: `step` takes what happened and
 * tells what is to be done. It knows no clock (events bring the time) and no chance but the one it is given,
 * so that the same events lead to the same commands.
 *
 * What it holds, whatever happens:
 * 1. `next` of a partition passes a record only when it is finished: handled, or acknowledged in another topic.
 * 2. Records of one lane are never handed out side by side, and in the order of their offsets.
 * 3. With order "key": a record of a key is handed out only when no record of that key is unfinished at a
 *    higher level. Records move up, never down, and only to behind what lies there; so those of a key lie in
 *    order from the highest level down to the topic itself, and are handled in that order.
 * 4. A partition whose window has reached its bound is not read.
 */
export class Delivery {
  readonly counts = noCounts();
  readonly #settings: DeliverySettings;
  readonly #concurrency: number;
  readonly #longestDelayMs: number;
  readonly #families = new Map<string, Family>();
  readonly #partitions = new Map<string, PartitionDelivery>();
  readonly #ready = new Fifo<Lane>();
  readonly #timers = new TimerQueue<Timer>();
  readonly #readAhead: ReadAhead;
  #commands = NOTHING;
  #running = 0;
  #publishing = 0;
  #draining = false;

  constructor(settings: DeliverySettings) {
    this.#settings = settings;
    this.#concurrency = settings.parallelism === "single" ? 1 : settings.concurrency;
    this.#readAhead = new ReadAhead(settings.readAheadRecords, this.#concurrency);
    this.#longestDelayMs = Math.max(0, ...settings.delaysMs) * (1 + settings.jitter);
  }

  /** Takes what happened and tells what to do about it, in order. */
  step(event: DeliveryEvent): readonly DeliveryCommand[] {
    this.#commands = NOTHING;
    switch (event.kind) {
      case "assigned":
        this.#assign(event.partition);
        break;
      case "backlog":
        this.#noteBacklog(event.partition, event.record);
        break;
      case "arrived":
        this.#arrive(event);
        break;
      case "relocated":
        this.#partitions.get(event.partition)?.relocate(event.offset);
        break;
      case "handled":
        this.#handled(event.ticket, event.nowMs);
        break;
      case "acknowledged":
        for (const entry of event.ticket.entries) this.#finish(entry);
        break;
      case "failed":
        this.#failed(event.ticket, event.failure, event.nowMs);
        break;
      case "published":
        this.#published(event.ticket, event.offset, event.nowMs);
        break;
      case "unpublished":
        this.#putDown(event.ticket);
        break;
      case "clock":
        this.#fire(event.nowMs);
        break;
      case "paused":
      case "resumed":
        this.#pause(event.family, event.kind === "paused");
        break;
      case "draining":
        this.#draining = true;
        break;
      case "leaving":
        for (const name of event.families) this.#leave(name);
        break;
      case "left":
        for (const name of event.families) this.#forget(name);
        break;
    }
    this.#dispatch();
    return this.#commands;
  }

  /** When `clock` is to be told next, milliseconds since the epoch; null when nothing waits. */
  get wakeAtMs(): number | null {
    return this.#timers.nextMs;
  }

  /** Whether nothing is with a handler or on its way to another topic. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#publishing === 0;
  }

  /** Whether nothing of this family is with a handler or on its way to another topic. */
  isIdleIn(family: string): boolean {
    return (this.#families.get(family)?.inHand ?? 0) === 0;
  }

  get running(): number {
    return this.#running;
  }

  /** Whether more records of the partition may be fetched. */
  wants(partition: string): boolean {
    return !this.#draining && this.#partitions.get(partition)?.isWanted === true;
  }

  /** Whether more of the partition is in hand than handlers can begin soon. */
  hasEnough(partition: string): boolean {
    return this.#partitions.get(partition)?.isAhead === true;
  }

  partitions(): IterableIterator<PartitionDelivery> {
    return this.#partitions.values();
  }

  /** Offsets that may be committed and are not yet. Tell with `committed` when they are. */
  committable(): CommittableOffset[] {
    return [...this.#partitions.values()].flatMap((partition) => partition.committable() ?? []);
  }

  committed(offsets: readonly CommittableOffset[]): void {
    for (const offset of offsets) this.#partitions.get(partitionName(offset))?.committed(offset);
  }

  #assign(assigned: AssignedPartition): void {
    let family = this.#families.get(assigned.family);
    if (family === undefined) {
      family = new Family(assigned.family, this.#settings.levels);
      this.#families.set(assigned.family, family);
    }
    const name = partitionName(assigned);
    const partition = new PartitionDelivery(name, assigned, family);
    family.levels[assigned.level] = partition;
    this.#partitions.set(name, partition);
  }

  #leave(name: string): void {
    const family = this.#families.get(name);
    if (family !== undefined) family.isLeaving = true;
  }

  #forget(name: string): void {
    const family = this.#families.get(name);
    if (family === undefined) return;
    this.#families.delete(name);
    for (const partition of family.levels) {
      if (partition === undefined) continue;
      this.#partitions.delete(partition.name);
      this.#readAhead.forget(partition);
    }
  }

  #noteBacklog(name: string, record: ConsumedRecord): void {
    const { groupId, maxWindowRecords } = this.#settings;
    if (!isOfOtherGroup(record, groupId)) this.#partitions.get(name)?.noteBacklog(record, maxWindowRecords);
  }

  #arrive({ partition: name, records, from, position, nowMs }: DeliveryEventOf<"arrived">): void {
    const partition = this.#partitions.get(name);
    if (partition === undefined || this.#isLeaving(partition.family)) return;
    const { tracker } = partition;
    // What was read ahead before the partition stopped at an earlier record will be read again behind it.
    if (partition.heldUntilMs !== null || from > tracker.position) return;
    for (const record of records) {
      const offset = Number(record.offset);
      if (offset < tracker.position) continue;
      if (tracker.isKnown(offset)) {
        this.counts.skipped["finished-before"]++;
        continue;
      }
      let attempts = 0;
      if (partition.level > 0) {
        if (isOfOtherGroup(record, this.#settings.groupId)) {
          this.counts.skipped["other-group"]++;
          continue;
        }
        if (this.#hold(partition, record, readRetryInfo(record).dueMs ?? 0, nowMs)) return;
        attempts = attemptsBefore(record, partition.level);
        if (record.key !== null && this.#settings.order === "key")
          partition.family.parked.note(partition.level, record.key, offset);
      }
      this.#queue(
        { record, offset, bytes: recordBytes(record), finished: false, partition, attempts },
        nowMs,
      );
    }
    tracker.reached(position);
    this.#measure(partition);
    this.#readAhead.arrived(partition, this.#ready.size);
  }

  /** Whether the record is not due yet: then the partition stops in front of it, without keeping it. */
  #hold(partition: PartitionDelivery, record: ConsumedRecord, dueMs: number, nowMs: number): boolean {
    // A time that no delay of ours explains must not hold up the partition for ever.
    const latestMs = record.timestampMs + this.#longestDelayMs;
    const holdMs = Math.min(dueMs, latestMs, nowMs + this.#longestDelayMs);
    if (holdMs <= nowMs) return false;
    const offset = Number(record.offset);
    partition.heldUntilMs = holdMs;
    partition.tracker.reached(offset);
    this.#timers.add(holdMs, { kind: "hold", partition });
    this.#tell({ kind: "rewind", partition: partition.name, offset });
    return true;
  }

  #queue(entry: Entry, nowMs: number): void {
    const { partition, record } = entry;
    partition.tracker.add(entry);
    const lane = this.#laneOf(partition.family, record.key);
    lane.push(entry);
    if (lane.state === "idle" || lane.state === "lingering") this.#offer(lane, nowMs);
  }

  #laneOf(family: Family, key: Buffer | null): Lane {
    const isKeyed = this.#settings.parallelism === "key";
    if (isKeyed && key === null) return new Lane(family, null);
    const name = isKeyed && key !== null ? key.toString("latin1") : "";
    let lane = family.lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(family, name);
      family.lanes.set(name, lane);
    }
    return lane;
  }

  /** The lane has nothing in hand: its next records get their turn, or wait for company. */
  #offer(lane: Lane, nowMs: number): void {
    const { maxRecords, maxBytes, lingerMs } = this.#settings.batch;
    if (lane.queue.size === 0) {
      lane.state = "idle";
      if (lane.key !== null) lane.family.lanes.delete(lane.key);
      return;
    }
    const isFull = lane.queue.size >= maxRecords || lane.queuedBytes >= maxBytes || lane.singles > 0;
    if (isFull || lingerMs === 0) this.#makeReady(lane);
    else if (lane.state !== "lingering") {
      lane.state = "lingering";
      this.#timers.add(nowMs + lingerMs, { kind: "lane", lane, timer: ++lane.timer });
    }
  }

  #makeReady(lane: Lane): void {
    lane.state = "ready";
    lane.timer++;
    this.#ready.push(lane);
  }

  #dispatch(): void {
    while (this.#running < this.#concurrency && !this.#draining) {
      const lane = this.#ready.shift();
      if (lane === undefined) break;
      if (lane.family.isLeaving) continue;
      if (lane.family.isPaused) lane.family.blocked.push(lane);
      else this.#start(lane);
    }
    if (this.#readAhead.left(this.#ready.size)) this.#tell({ kind: "room" });
  }

  #start(lane: Lane): void {
    const { maxRecords, maxBytes } = this.#settings.batch;
    const most = lane.singles > 0 ? 1 : maxRecords;
    let entries: Entry[] | null = null;
    let bytes = 0;
    for (let entry = lane.queue.peek(); entry !== undefined; entry = lane.queue.peek()) {
      if (entries !== null && (entries.length >= most || bytes + entry.bytes > maxBytes)) break;
      const parkAt = this.#parkLevel(entry);
      if (parkAt !== null) {
        if (entries === null) this.#park(lane, parkAt);
        break;
      }
      lane.shift();
      if (this.#readAhead.begun(entry.partition)) this.#tell({ kind: "room" });
      entry.attempts++;
      if (entries === null) entries = [entry];
      else entries.push(entry);
      bytes += entry.bytes;
    }
    lane.state = "busy";
    if (entries === null) return;
    this.#running++;
    lane.family.inHand++;
    this.#tell({ kind: "run", ticket: { lane, entries } });
  }

  #tell(command: DeliveryCommand): void {
    // Most steps lead to one command: a list of one takes less memory than a list that may grow.
    if (this.#commands === NOTHING) this.#commands = [command];
    else this.#commands.push(command);
  }

  /** Whether nothing more of the family may begin. */
  #isLeaving(family: Family): boolean {
    return this.#draining || family.isLeaving;
  }

  #parkLevel({ record, partition }: Entry): number | null {
    if (this.#settings.order !== "key" || record.key === null) return null;
    return partition.family.parkLevel(partition.level, record.key);
  }

  #park(lane: Lane, level: number): void {
    const entry = lane.shift();
    if (entry === undefined) return;
    this.#publish({ lane, entry, to: level, dueMs: null, failure: null, holdsLane: true });
  }

  #publish(ticket: PublishTicket): void {
    this.#publishing++;
    ticket.lane.family.inHand++;
    this.#tell({ kind: "publish", ticket });
  }

  /** A move has ended, in one way or the other. */
  #putDown(ticket: PublishTicket): void {
    this.#publishing--;
    ticket.lane.family.inHand--;
  }

  #handled({ lane, entries }: RunTicket, nowMs: number): void {
    this.#running--;
    lane.family.inHand--;
    for (const entry of entries) this.#finish(entry);
    this.counts.handled += entries.length;
    lane.recovered();
    this.#offer(lane, nowMs);
  }

  #failed(ticket: RunTicket, failure: Failure, nowMs: number): void {
    this.#running--;
    const { lane } = ticket;
    lane.family.inHand--;
    const done = ticket.entries.slice(0, failure.index ?? 0);
    const left = ticket.entries.slice(failure.index ?? 0);
    for (const entry of done) this.#finish(entry);
    this.counts.handled += done.length;
    // Whoever gets the partition next will see the others again.
    if (this.#isLeaving(lane.family)) return;
    const kind = this.#kindNow(lane, failure, nowMs);
    if (kind === "transient") {
      this.counts.failedInPlace++;
      this.#waitInPlace(lane, left, nowMs);
      return;
    }
    if (failure.index === null && left.length > 1) {
      lane.unshift(left);
      lane.singles = left.length;
      this.#offer(lane, nowMs);
      return;
    }
    const [culprit, ...others] = left;
    lane.unshift(others);
    if (lane.singles > 0) lane.singles--;
    if (culprit !== undefined) this.#moveOn(lane, culprit, kind, failure.error, nowMs);
  }

  /** A failure that has been transient for too long is so no more. */
  #kindNow(lane: Lane, failure: Failure, nowMs: number): Failure["kind"] {
    if (failure.kind !== "transient") return failure.kind;
    lane.failingSinceMs ??= nowMs;
    return nowMs - lane.failingSinceMs < this.#settings.transientForMs ? "transient" : "unknown";
  }

  #waitInPlace(lane: Lane, entries: readonly Entry[], nowMs: number): void {
    // At least a millisecond: an attempt must not follow within the same moment.
    const pauseMs = Math.max(1, backoffMs(this.#settings.backoff, lane.failures++, this.#settings.random));
    this.#waitUntil(lane, entries, nowMs + pauseMs);
  }

  #waitUntil(lane: Lane, entries: readonly Entry[], atMs: number): void {
    lane.unshift(entries);
    lane.state = "waiting";
    this.#timers.add(atMs, { kind: "lane", lane, timer: ++lane.timer });
  }

  #moveOn(lane: Lane, entry: Entry, kind: "poison" | "unknown", error: Error, nowMs: number): void {
    const { delaysMs, jitter, order, onFailure, random } = this.#settings;
    const { level } = entry.partition;
    const isLast = delaysMs[level] === undefined;
    // A record that was parked at the last level, or replayed, has attempts left where there is no next level.
    const delayMs =
      kind === "poison"
        ? undefined
        : (delaysMs[level] ?? (level > 0 ? delaysMs[entry.attempts - 1] : undefined));
    if (delayMs === undefined && onFailure === "stop") {
      this.#tell({ kind: "stop", error, entry });
      return;
    }
    const holdsLane = order === "key";
    const dueMs = delayMs === undefined ? null : nowMs + delayMs * (1 + jitter * (2 * random() - 1));
    if (isLast && dueMs !== null && holdsLane && entry.record.key !== null) {
      // Behind the others of its key it would lose its place.
      this.counts.failedInPlace++;
      lane.failures = 0;
      lane.failingSinceMs = null;
      this.#waitUntil(lane, [entry], Math.max(nowMs + 1, dueMs));
      return;
    }
    const to = dueMs === null ? "dead" : isLast ? level : level + 1;
    this.#publish({ lane, entry, to, dueMs, failure: error, holdsLane });
    if (!holdsLane) this.#offer(lane, nowMs);
  }

  #published(ticket: PublishTicket, offset: number, nowMs: number): void {
    const { lane, entry, to, failure, holdsLane } = ticket;
    this.#putDown(ticket);
    const { family } = entry.partition;
    if (to === "dead") this.counts.dead++;
    else {
      if (failure === null) this.counts.parked++;
      else this.counts.retried++;
      if (entry.record.key !== null && this.#settings.order === "key")
        family.parked.note(to, entry.record.key, offset);
    }
    this.#finish(entry);
    if (!holdsLane) return;
    lane.failures = 0;
    lane.failingSinceMs = null;
    this.#offer(lane, nowMs);
  }

  #finish(entry: Entry): void {
    if (entry.finished) return;
    const { partition, record } = entry;
    partition.tracker.finish(entry);
    if (record.timestampMs > (partition.finishedTimestampMs ?? -1))
      partition.finishedTimestampMs = record.timestampMs;
    if (partition.isFull) this.#measure(partition);
  }

  /** Full at the bound, and wanted again when half of the window is free: so that fetches are not tiny. */
  #measure(partition: PartitionDelivery): void {
    const { maxWindowRecords } = this.#settings;
    // Each partition's share, so that one that is stuck does not take the memory of the others.
    const maxWindowBytes = Math.max(1, Math.floor(this.#settings.maxWindowBytes / this.#partitions.size));
    const { records, bytes } = partition.tracker;
    if (!partition.isFull) {
      partition.isFull = records >= maxWindowRecords || bytes >= maxWindowBytes;
    } else if (records <= maxWindowRecords / 2 && bytes <= maxWindowBytes / 2) {
      partition.isFull = false;
      this.#tell({ kind: "room" });
    }
  }

  #fire(nowMs: number): void {
    for (let timer = this.#timers.takeDue(nowMs); timer !== undefined; timer = this.#timers.takeDue(nowMs)) {
      if (timer.kind === "hold") {
        timer.partition.heldUntilMs = null;
        this.#tell({ kind: "room" });
      } else if (timer.timer === timer.lane.timer) this.#makeReady(timer.lane);
    }
  }

  #pause(name: string, isPaused: boolean): void {
    const family = this.#families.get(name);
    if (family === undefined || family.isPaused === isPaused) return;
    family.isPaused = isPaused;
    if (isPaused) return;
    for (const lane of family.blocked) this.#ready.push(lane);
    family.blocked = [];
    this.#tell({ kind: "room" });
  }
}
