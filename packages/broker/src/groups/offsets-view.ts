import type { Clock } from "../clock.ts";
import type { PartitionLog } from "../storage/partition-log.ts";
import { buildBatch, readBatchHeader } from "../storage/record-batch.ts";
import { CONSUMER_OFFSETS } from "../topics/internal-topics.ts";
import type { Topic } from "../topics/topic-store.ts";
import type { GroupCoordinator } from "./group-coordinator.ts";
import {
  goneGroupRecord,
  groupPartition,
  groupRecord,
  type OffsetRecord,
  offsetRecord,
} from "./offset-records.ts";

/** A partition is written anew when it is this long and several times as long as what is left of it. */
const RENEW_FROM_BYTES = 256 << 10;
const RENEW_FACTOR = 4;
/** Records in one batch of what there is when somebody first looks. */
const BATCH_RECORDS = 500;

/**
 * What groups have committed, and the classic groups themselves, as the records of `__consumer_offsets`. They are made
 * from the moment on at which a reader first asks for them, in memory, and cost nothing before; what counts is in the
 * journal. After a start the offsets of these records begin at 0 again.
 */
export class OffsetsView {
  readonly #groups: GroupCoordinator;
  readonly #clock: Clock;
  #topic: Topic | undefined;
  /** Where a group's records are depends on it. */
  #partitions = 0;
  /** How long each partition was when it was last written whole. */
  readonly #wholeBytes = new Map<number, number>();

  constructor(groups: GroupCoordinator, clock: Clock) {
    this.#groups = groups;
    this.#clock = clock;
    groups.offsets.onChange = (group, key, committed) =>
      this.#append(group, () => offsetRecord(group, key, committed));
    groups.onSettled = (group) => this.#append(group.id, () => groupRecord(group, clock.nowMs()));
    groups.onGone = (groupId) => this.#append(groupId, () => goneGroupRecord(groupId));
  }

  /** To be called before a topic is read: fills `__consumer_offsets` at the first time. */
  show(topic: Topic): void {
    if (topic.name !== CONSUMER_OFFSETS) return;
    const { length } = topic.partitions;
    if (this.#topic === topic && this.#partitions === length) return;
    this.#topic = topic;
    this.#partitions = length;
    for (const [partition, log] of topic.partitions.entries()) this.#write(partition, log);
  }

  /** The partition's share of everything that there is. */
  #records(partition: number): OffsetRecord[] {
    const isHere = (group: string): boolean => groupPartition(group, this.#partitions) === partition;
    const { offsets } = this.#groups;
    const committed = [...offsets.groups()]
      .filter(isHere)
      .flatMap((group) => offsets.all(group).map((one) => offsetRecord(group, one, one)));
    const nowMs = this.#clock.nowMs();
    // A group that only commits is none that Apache Kafka writes down.
    const settled = this.#groups.all().filter(({ id, generationId }) => generationId > 0 && isHere(id));
    return [...committed, ...settled.map((group) => groupRecord(group, nowMs))];
  }

  #write(partition: number, log: PartitionLog): void {
    const before = log.sizeBytes;
    const records = this.#records(partition);
    for (let at = 0; at < records.length; at += BATCH_RECORDS) {
      appendTo(log, records.slice(at, at + BATCH_RECORDS), this.#clock.nowMs());
    }
    this.#wholeBytes.set(partition, log.sizeBytes - before);
  }

  #append(group: string, make: () => OffsetRecord): void {
    if (this.#topic === undefined) return;
    const partition = groupPartition(group, this.#partitions);
    const log = this.#topic.partitions[partition];
    // The topic may have been deleted.
    if (log === undefined || log.isClosed) return;
    appendTo(log, [make()], this.#clock.nowMs());
    const isLong = log.sizeBytes > RENEW_FROM_BYTES;
    if (isLong && log.sizeBytes > (this.#wholeBytes.get(partition) ?? 0) * RENEW_FACTOR) {
      this.#renew(partition, log);
    }
  }

  /** In place of compaction: everything once more at the end, and nothing before it. */
  #renew(partition: number, log: PartitionLog): void {
    const nowMs = this.#clock.nowMs();
    const first = log.endOffset;
    log.roll(nowMs);
    this.#write(partition, log);
    log.deleteBefore(first, nowMs);
    log.dropDeleted();
  }
}

function appendTo(log: PartitionLog, records: readonly OffsetRecord[], nowMs: number): void {
  const batch = buildBatch({ attributes: 0, timestampMs: nowMs, producerId: -1, producerEpoch: -1, records });
  const header = readBatchHeader(batch);
  if (header === undefined) throw new Error("records that are no batch");
  log.appendUnchecked(batch, header, nowMs);
}
