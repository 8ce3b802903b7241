import type { Backoff } from "../cluster/backoff.ts";
import type { ConsumedRecord } from "../record/message.ts";
import type { FailureKind } from "./failure-kind.ts";
import type { Lane } from "./lane.ts";
import type { OffsetRuns } from "./offset-runs.ts";
import type { Entry } from "./partition-delivery.ts";

/** How records are handed out and what becomes of those that fail. */
export interface DeliverySettings {
  readonly groupId: string;
  /** What is handled in order: the records of a key, of a partition, or all by one handler at a time. */
  readonly parallelism: "key" | "partition" | "single";
  /** Handlers at the same time. */
  readonly concurrency: number;
  /** Whether later records of a key wait behind one that failed. */
  readonly order: "key" | "none";
  /** The delay before each further attempt by way of a retry topic; as many retry topics as delays. */
  readonly delaysMs: readonly number[];
  /** Retry topics that are read: at least as many as delays, more where there were more once. */
  readonly levels: number;
  /** By which part a delay may be longer or shorter. */
  readonly jitter: number;
  readonly batch: BatchBounds;
  /** Bounds of windows, see OffsetTracker: the records of each partition, and the bytes of all together. */
  readonly maxWindowRecords: number;
  readonly maxWindowBytes: number;
  /** So many records of a partition that wait for a handler are enough; see ReadAhead. */
  readonly readAheadRecords: number;
  /** The pauses of attempts in place, and for how long a record is tried in place before it counts as unknown. */
  readonly backoff: Backoff;
  readonly transientForMs: number;
  readonly onFailure: "dead-letter" | "stop";
  readonly random: () => number;
}

export interface BatchBounds {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** How long the first record of a batch waits for others. */
  readonly lingerMs: number;
}

/** A partition that this member got. Level 0 is the topic itself, level n the n-th retry topic. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The partition of level 0 that it belongs to, by `partitionName`. */
  readonly family: string;
  readonly level: number;
  readonly next: number;
  readonly finished: OffsetRuns;
}

/** What a handler was given; its outcome is told with the same ticket. */
export interface RunTicket {
  readonly lane: Lane;
  readonly entries: readonly Entry[];
}

/** A record on its way to another topic. */
export interface PublishTicket {
  readonly lane: Lane;
  readonly entry: Entry;
  /** The level of the retry topic, from 1, or the dead-letter topic. */
  readonly to: number | "dead";
  /** Null when the key is parked: due as soon as those before it are done. */
  readonly dueMs: number | null;
  /** Null for a record that did not fail itself but is parked behind one that did. */
  readonly failure: Error | null;
  /** Whether later records of the lane wait until it is acknowledged. */
  readonly holdsLane: boolean;
}

export interface Failure {
  readonly kind: FailureKind;
  readonly error: Error;
  /** Which record of the batch failed, where the handler knows. */
  readonly index: number | null;
}

export type DeliveryEvent =
  | { readonly kind: "assigned"; readonly partition: AssignedPartition }
  /** A record that lies in a retry topic already, told before anything arrives. */
  | { readonly kind: "backlog"; readonly partition: string; readonly record: ConsumedRecord }
  | {
      readonly kind: "arrived";
      readonly partition: string;
      readonly records: readonly ConsumedRecord[];
      /** From where to where the log was read. */
      readonly from: number;
      readonly position: number;
      readonly nowMs: number;
    }
  /** The log has nothing before this offset any more, and that is accepted. */
  | { readonly kind: "relocated"; readonly partition: string; readonly offset: number }
  | { readonly kind: "handled"; readonly ticket: RunTicket; readonly nowMs: number }
  /** A handler that has not ended says that its records count as finished: they may be committed. */
  | { readonly kind: "acknowledged"; readonly ticket: RunTicket }
  | { readonly kind: "failed"; readonly ticket: RunTicket; readonly failure: Failure; readonly nowMs: number }
  | {
      readonly kind: "published";
      readonly ticket: PublishTicket;
      readonly offset: number;
      readonly nowMs: number;
    }
  /** A move was given up; its record is not finished. */
  | { readonly kind: "unpublished"; readonly ticket: PublishTicket }
  | { readonly kind: "clock"; readonly nowMs: number }
  | { readonly kind: "paused" | "resumed"; readonly family: string; readonly nowMs: number }
  /** All partitions are to be given up: start nothing more. */
  | { readonly kind: "draining" }
  /** These families are to be given up: start nothing more of them. The others go on. */
  | { readonly kind: "leaving"; readonly families: readonly string[] }
  /** They are given up, with nothing of them in hand: forget them. */
  | { readonly kind: "left"; readonly families: readonly string[] };

export type DeliveryCommand =
  | { readonly kind: "run"; readonly ticket: RunTicket }
  | { readonly kind: "publish"; readonly ticket: PublishTicket }
  /** Read this partition from the offset again, once it is wanted. */
  | { readonly kind: "rewind"; readonly partition: string; readonly offset: number }
  /** A partition is wanted again that was not. */
  | { readonly kind: "room" }
  /** Consumption must stop: the record can go nowhere. */
  | { readonly kind: "stop"; readonly error: Error; readonly entry: Entry };
