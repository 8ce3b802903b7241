import type { ChainName, Interval } from "@candlewick/domain";
import type { ConsumedRecord, Producer, Reader } from "@candlewick/kafka";
import type { Clock, Logger } from "@candlewick/runtime";
import type { CandleQuery, MarketSnapshot, StoredCandle } from "@candlewick/store";
import type { MarketMetrics } from "./metrics.ts";

export interface MarketOptions {
  readonly chain: ChainName;
  readonly intervals: readonly Interval[];
  readonly horizonSeconds: number;
  /** Least time between two snapshots. */
  readonly resyncIntervalMs: number;
}

export interface MarketPorts {
  snapshot(): Promise<MarketSnapshot>;
  candles(query: CandleQuery): Promise<StoredCandle[]>;
  /** The first offsets that Kafka still has of the topic of blocks. */
  blockStarts(): Promise<ReadonlyMap<string, bigint>>;
  /** Reads trades and blocks from these offsets on. */
  read(
    from: ReadonlyMap<string, bigint>,
    onRecords: (records: readonly ConsumedRecord[]) => Promise<void>,
  ): Promise<Reader>;
  readonly producer: Pick<Producer, "enqueue">;
  readonly logger: Logger;
  readonly metrics: MarketMetrics;
  readonly clock: Clock;
}
