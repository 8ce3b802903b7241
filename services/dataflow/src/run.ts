import type { ChainName, Interval } from "@candlewick/domain";
import {
  type ConsumedRecord,
  parsePartitionName,
  partitionName,
  type TopicPartition,
} from "@candlewick/kafka";
import { CandlewickError, type Clock, ERRORS, type Logger } from "@candlewick/runtime";
import type { DataflowMetrics } from "./metrics.ts";
import type { CheckpointStore, DeadLetters, LogStarts } from "./ports.ts";
import { type BatchContent, readBatch } from "./step.ts";

const TRADE_OUTCOMES = ["applied", "late", "retracted", "duplicate"] as const;

export interface DataflowOptions {
  readonly chain: ChainName;
  readonly group: string;
  readonly intervals: readonly Interval[];
}

export interface DataflowPorts {
  readonly store: CheckpointStore;
  readonly deadLetters: DeadLetters;
  readonly logStarts: LogStarts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DataflowMetrics;
}

/**
 * One batch of records into one transaction. The offsets that this process believes to be stored are kept
 * here and go into the transaction as what must still be there: if another owner has moved them, nothing
 * of the batch is written.
 */
export class Dataflow {
  readonly #options: DataflowOptions;
  readonly #ports: DataflowPorts;
  /** The stored next offset per assigned partition; null where there is no row yet. */
  readonly #stored = new Map<string, bigint | null>();
  /** Places of the batch in hand that are in the dead-letter topic already: a batch may be tried again for hours. */
  readonly #buried = new Set<string>();

  constructor(options: DataflowOptions, ports: DataflowPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Where to go on: the stored offsets, and the first that Kafka has where nothing was ever stored. */
  async resume(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const stored = await this.#ports.store.offsets(this.#options.group, partitions);
    const missing = partitions.filter((partition) => !stored.has(partitionName(partition)));
    const starts = await this.#startOffsets(missing);
    const next = new Map<string, bigint>();
    this.#stored.clear();
    this.#buried.clear();
    for (const partition of partitions) {
      const name = partitionName(partition);
      const offset = stored.get(name);
      this.#stored.set(name, offset ?? null);
      next.set(name, offset ?? starts.get(name) ?? 0n);
    }
    return next;
  }

  /**
   * Stores a batch: dead letters first, then everything else in one transaction. May be called again with the
   * same batch after it rejected. Rejects with FENCED where another owner has moved the offsets, OFFSET_LOST
   * where the log was made anew.
   */
  async handle(records: readonly ConsumedRecord[]): Promise<void> {
    const content = readBatch(this.#options.chain, records, this.#stored);
    const [repeated] = content.repeated;
    if (repeated !== undefined) throw this.#madeAnew(repeated);
    for (const { record, error } of content.rejected) await this.#reject(record, error);
    if (content.next.size > 0) await this.#checkpoint(content);
    this.#buried.clear();
    this.#count(records, content);
  }

  async #startOffsets(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    if (topics.length === 0) return new Map();
    try {
      return await this.#ports.logStarts.startOffsets(topics);
    } catch (cause) {
      if (cause instanceof CandlewickError) throw cause;
      // An election or a restart that takes longer than a request is patient.
      throw new CandlewickError(
        ERRORS.kafkaUnreachable,
        `Kafka does not tell where ${topics.join(", ")} begin: ${cause instanceof Error ? cause.message : String(cause)}`,
        "check the brokers; it is tried again",
        { cause },
      );
    }
  }

  /**
   * We read from the stored offset on, so that a record below it means that its topic was deleted and made
   * anew. Passing over it would lose it, and offsets do not go back.
   */
  #madeAnew(record: ConsumedRecord): CandlewickError {
    const stored = this.#stored.get(partitionName(record)) ?? 0n;
    return new CandlewickError(
      ERRORS.offsetLost,
      `${partitionName(record)} was read up to offset ${stored} and now has a record at ${record.offset}: the topic was made anew`,
      "set dataflow.group to a new name: all that Kafka has is read then, and what is stored already is not counted twice",
    );
  }

  async #reject(record: ConsumedRecord, error: Error): Promise<void> {
    const { deadLetters, logger, metrics } = this.#ports;
    const place = `${partitionName(record)}@${record.offset}`;
    if (this.#buried.has(place)) return;
    await deadLetters.send(record, error);
    this.#buried.add(place);
    metrics.deadLetters.inc({ topic: record.topic });
    logger.warn("a record cannot be processed and went to the dead-letter topic", {
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      key: record.key?.toString("utf8"),
      error: error.message,
    });
  }

  async #checkpoint(content: BatchContent): Promise<void> {
    const { store, clock, metrics } = this.#ports;
    const offsets = [...content.next].map(([name, next]) => ({
      ...parsePartitionName(name),
      expected: this.#stored.get(name) ?? null,
      next,
    }));
    const started = clock.monotonic();
    const result = await store.checkpoint({
      group: this.#options.group,
      offsets,
      intervals: this.#options.intervals,
      trades: content.trades,
      blocks: content.blocks,
      counts: {
        skipped: Object.fromEntries(content.skipped),
        rejected: content.rejected.length === 0 ? {} : { "contract-violated": content.rejected.length },
      },
    });
    metrics.checkpointSeconds.observe((clock.monotonic() - started) / 1000);
    for (const [name, next] of content.next) this.#stored.set(name, next);
    for (const outcome of TRADE_OUTCOMES) metrics.trades.inc({ outcome }, result[outcome]);
    const newest = content.trades.reduce((time, trade) => Math.max(time, trade.block.time ?? 0), 0);
    if (newest > 0) metrics.blockToCandleSeconds.observe(Math.max(0, clock.now() / 1000 - newest));
  }

  #count(records: readonly ConsumedRecord[], content: BatchContent): void {
    const { metrics } = this.#ports;
    for (const record of records) metrics.fetched.inc({ topic: record.topic });
    const skipped = [...content.skipped.values()].reduce((sum, count) => sum + count, 0);
    metrics.received.inc(content.trades.length + skipped + content.rejected.length);
    for (const [reason, count] of content.skipped) metrics.skipped.inc({ reason }, count);
    metrics.rejected.inc({ reason: "contract-violated" }, content.rejected.length);
    metrics.unpriced.inc(content.unpriced);
    metrics.batchRecords.observe(records.length);
  }
}
