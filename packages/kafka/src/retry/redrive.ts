import type { ConsumedRecord } from "../record/message.ts";

/** A dead letter's place: its partition and offset in `<topic>.dlq`. */
export interface DeadLetterId {
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * What has become of a dead letter: it waits for somebody (`dead`), a replay has begun and not ended
 * (`replaying`), it was sent again (`replayed`), or somebody decided that it is not needed (`dropped`).
 */
export type DeadLetterState = "dead" | "replaying" | "replayed" | "dropped";

/** A record that could not be processed, and why. What its headers do not tell is null. */
export interface DeadLetter {
  readonly id: DeadLetterId;
  readonly state: DeadLetterState;
  /** When it was written to the dead-letter topic, milliseconds since the epoch. */
  readonly deadSinceMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ReadonlyMap<string, Buffer>;
  readonly origin: {
    readonly topic: string;
    readonly partition: number | null;
    readonly offset: bigint | null;
    readonly timestampMs: number | null;
    readonly consumerGroup: string | null;
  };
  readonly error: {
    /** The class of the error. */
    readonly name: string | null;
    readonly causeName: string | null;
    readonly message: string | null;
    readonly stack: string | null;
  };
  /** How often it was tried before it was given up. */
  readonly attempts: number | null;
  /** How often it was replayed and died again before. */
  readonly redrives: number;
}

/** A dead letter with its value decoded, as far as it can be. */
export interface DeadLetterDetail extends DeadLetter {
  readonly decoded:
    | { readonly kind: "value"; readonly value: unknown }
    | { readonly kind: "undecodable"; readonly reason: string }
    | { readonly kind: "no-codec" };
  /** What was done with it before, oldest first. */
  readonly history: readonly AuditEntry[];
}

/** Which dead letters; all conditions that are given must hold. */
export interface DeadLetterFilter {
  /** Part of the error's class or message, without regard to case; or an expression that one of them matches. */
  readonly error?: string | RegExp;
  /** Died at or after this time, milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Died before this time. */
  readonly untilMs?: number;
  readonly key?: Buffer | string;
  /** Of the original topic. */
  readonly originPartition?: number;
  /** Of the dead-letter topic. */
  readonly ids?: readonly DeadLetterId[];
  /** `dead` where absent. */
  readonly states?: readonly DeadLetterState[];
}

export interface ReplayOptions {
  readonly filter?: DeadLetterFilter;
  /**
   * Where to: the topic that the record came from (default; every group that reads it sees the record again),
   * or its first retry topic, which only the consumer that gave it up reads (`startConsumer` with retries).
   */
  readonly to?: "origin" | "retry";
  /** Records per second; without a limit where absent. */
  readonly ratePerSecond?: number;
  /** At most so many. */
  readonly limit?: number;
  /** Only counts: nothing is written. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Told after each batch. */
  onProgress?(summary: RedriveSummary): void;
}

export interface DropOptions {
  readonly filter?: DeadLetterFilter;
  readonly limit?: number;
  readonly dryRun?: boolean;
  /** Why, for the audit. */
  readonly reason?: string;
  readonly signal?: AbortSignal;
}

/** How a replay or a drop went. */
export interface RedriveSummary {
  /** Names the run in the audit. */
  readonly run: string;
  readonly dryRun: boolean;
  /** Dead letters that the filter let through. */
  readonly matched: number;
  /** Sent again, or dropped; with `dryRun` those that would be. */
  readonly done: number;
  /** Found sent already by a run that ended before it could say so; they were not sent again. */
  readonly foundDone: number;
  /** Left to another run that is at them now. */
  readonly leftToOthers: number;
  /** Not reached because of the limit or the signal: a run with the same filter goes on with them. */
  readonly remaining: number;
}

/** One line of the audit, oldest first. */
export interface AuditEntry {
  /** "released": the run of an intent was stopped and has not sent the letter, nor will it. */
  readonly kind: "intent" | "released" | "replayed" | "dropped";
  readonly run: string;
  readonly atMs: number;
  readonly operator: string;
  readonly id: DeadLetterId;
  /** Where the record was sent, or is to be; null for a drop and a release. */
  readonly target: { readonly topic: string; readonly partition: number; readonly offset: bigint } | null;
  readonly reason: string | null;
}

export interface RedriveOptions {
  /** The topic whose dead letters these are, without `.dlq`. */
  readonly topic: string;
  /** Who does it, for the audit. */
  readonly operator: string;
  /** After how long without a word a run that is in the middle of letters has ended; one minute by default. */
  readonly takeOverMs?: number;
  /** Decodes a value for `show`; throws where it cannot. */
  decode?(record: ConsumedRecord): unknown;
}

/** Works on the dead letters of one topic. Every change is audited in `<topic>.dlq.audit`. */
export interface Redrive {
  /** How many there are, by state. */
  counts(): Promise<Readonly<Record<DeadLetterState, number>>>;
  /** Oldest first within a partition; at most `limit` (100 by default) that come after `after`. */
  list(
    filter?: DeadLetterFilter,
    page?: { readonly limit?: number; readonly after?: DeadLetterId },
  ): Promise<readonly DeadLetter[]>;
  /** Null where there is no record at that place. */
  show(id: DeadLetterId): Promise<DeadLetterDetail | null>;
  /**
   * Sends dead letters again, each once: also when a run is killed in the middle, when it is repeated, and
   * when two run side by side.
   */
  replay(options?: ReplayOptions): Promise<RedriveSummary>;
  /** Marks dead letters as not needed. */
  drop(options?: DropOptions): Promise<RedriveSummary>;
  audit(): Promise<readonly AuditEntry[]>;
  close(): Promise<void>;
}
