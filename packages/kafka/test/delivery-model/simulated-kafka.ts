import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { decodeFinished } from "../../src/delivery/commit-metadata.ts";
import type { CommittableOffset } from "../../src/delivery/partition-delivery.ts";
import type { ConsumedRecord, OutgoingMessage } from "../../src/index.ts";
import type { Chance } from "./chance.ts";

export interface Committed {
  readonly next: number;
  readonly metadata: string;
}

/** Logs and committed offsets: what a broker keeps. An offset without a record is a gap, as markers leave. */
export class SimulatedKafka {
  readonly #logs = new Map<string, (ConsumedRecord | null)[]>();
  readonly committed = new Map<string, Committed>();
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  create(partition: TopicPartition): void {
    this.#logs.set(partitionName(partition), []);
  }

  names(): string[] {
    return [...this.#logs.keys()];
  }

  log(name: string): readonly (ConsumedRecord | null)[] {
    const log = this.#logs.get(name);
    if (log === undefined) throw new Error(`there is no ${name}`);
    return log;
  }

  /** Appends a message and tells its offset. */
  append(message: OutgoingMessage, nowMs: number): ConsumedRecord {
    const partition = message.partition ?? 0;
    const log = this.#logs.get(partitionName({ topic: message.topic, partition }));
    if (log === undefined) throw new Error(`nobody may write to ${message.topic}:${partition}`);
    if (this.#chance.happens(0.03)) log.push(null);
    const headers = Object.entries(message.headers ?? {}).map(
      ([name, value]) => [name, Buffer.from(value)] as const,
    );
    const record: ConsumedRecord = {
      topic: message.topic,
      partition,
      offset: BigInt(log.length),
      timestampMs: Math.floor(nowMs),
      key: message.key,
      value: message.value,
      headers: new Map(headers),
    };
    log.push(record);
    return record;
  }

  commit(offsets: readonly CommittableOffset[]): void {
    for (const { next, metadata, ...partition } of offsets)
      this.committed.set(partitionName(partition), { next, metadata });
  }

  /** Whether a restart would read this record. */
  isUnfinished(name: string, offset: number): boolean {
    const committed = this.committed.get(name);
    if (committed === undefined) return true;
    if (offset < committed.next) return false;
    return !decodeFinished(committed.next, committed.metadata).has(offset);
  }
}
