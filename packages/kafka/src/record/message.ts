/** A message to be produced. Without `partition` the key decides, as Java's default partitioner does. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string | Buffer>>;
  readonly partition?: number;
  /** Milliseconds since the epoch; now where absent. */
  readonly timestampMs?: number;
}

/** Where an acknowledged message lies. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** How a record's time stamp came to be, in the words of Kafka. */
export type TimestampType = "CreateTime" | "LogAppendTime";

/** A record as it was read. */
export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly timestampType?: TimestampType;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Of headers with the same name the last one. */
  readonly headers: ReadonlyMap<string, Buffer>;
}
