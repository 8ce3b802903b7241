import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Service } from "@candlewick/runtime";
import { catalogued, cataloguing } from "../cluster/catalogue.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { isRetriable, rootMessage } from "../cluster/errors.ts";
import { partitionsOf } from "../cluster/offset-lookup.ts";
import type { Isolation } from "../record/isolation.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { Fetcher } from "./fetcher.ts";
import { type Start, startPositions } from "./start-position.ts";

/** Reads all partitions of some topics without a group. */
export interface ReaderOptions {
  readonly topics: readonly string[];
  /** Where to start: next offsets by `partitionName`; a partition that is missing starts at the first record. */
  readonly from: "first" | "last" | ReadonlyMap<string, bigint>;
  /**
   * Ends the reader, `done` resolves, once everything before these offsets was handled: by `partitionName`, as
   * `Admin.endOffsets` tells them. Records behind them may have come with the others.
   */
  readonly until?: ReadonlyMap<string, bigint>;
  /** "read_committed" by default. With `until` it waits for transactions that are open before those offsets. */
  readonly isolation?: Isolation;
  /** 5,000 by default. */
  readonly maxBatchRecords?: number;
  /** Records in memory that were not handed over yet; 16 MiB by default. */
  readonly maxBufferBytes?: number;
  /** Gets records in offset order within a partition; the next ones come when it has resolved. An error ends the reader. */
  onRecords(records: readonly ConsumedRecord[]): void | Promise<void>;
}

export interface Reader extends Service {
  /** The next offset per partition: all before it were handled. */
  positions(): ReadonlyMap<string, bigint>;
}

const NEW_PARTITIONS_MS = 30_000;
const NO_LOSS = { acceptLoss: false };

/**
 * Connects and starts to read. Throws KAFKA_UNREACHABLE, UNKNOWN_TOPIC, or OFFSET_LOST where a wanted offset
 * does not exist. Partitions that a topic gets later are read from their first record.
 */
export async function startReader(connection: KafkaConnection, options: ReaderOptions): Promise<Reader> {
  const cluster = await Cluster.connect(connection);
  try {
    const partitions = await partitionsOf(cluster, options.topics);
    const startOf = (partition: TopicPartition): Start =>
      typeof options.from === "string"
        ? options.from
        : (options.from.get(partitionName(partition)) ?? "first");
    return new GrouplessReader(cluster, options, await startPositions(cluster, partitions, startOf, NO_LOSS));
  } catch (error) {
    await cluster.close();
    throw catalogued(error, connection);
  }
}

class GrouplessReader implements Reader {
  readonly name = "reader";
  readonly done: Promise<void>;
  readonly #cluster: Cluster;
  readonly #options: ReaderOptions;
  readonly #fetcher: Fetcher;
  readonly #positions: Map<string, bigint>;
  readonly #stopping = new AbortController();
  /** The ends that the log was not read to yet; null: there is no end. */
  readonly #ahead: Map<string, bigint> | null;
  /** Records that were fetched and are not handled yet. */
  #inHand = 0;

  constructor(cluster: Cluster, options: ReaderOptions, positions: Map<string, bigint>) {
    this.#cluster = cluster;
    this.#options = options;
    this.#positions = positions;
    this.#ahead = options.until === undefined ? null : endsAhead(options.until, positions);
    this.#fetcher = new Fetcher(cluster, positions, {
      isolation: options.isolation ?? "read_committed",
      maxBufferBytes: options.maxBufferBytes ?? 16 << 20,
      relocate: async (partition, wanted) => {
        const found = await startPositions(cluster, [partition], () => wanted, NO_LOSS);
        return found.get(partitionName(partition)) ?? wanted;
      },
      onRead: (partition, records, nextOffset) => {
        const name = partitionName(partition);
        this.#inHand += records;
        const end = this.#ahead?.get(name);
        if (end !== undefined && nextOffset >= end) this.#ahead?.delete(name);
        this.#endWhenDone();
      },
    });
    this.done = cataloguing(cluster.connection, () => this.#run());
    // Whoever waits for `done` hears of a failure; nobody has to.
    this.done.catch(() => {});
    void this.#watchPartitions();
    this.#endWhenDone();
  }

  positions(): ReadonlyMap<string, bigint> {
    return new Map(this.#positions);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#fetcher.close();
    const waiting = new AbortController();
    const deadline = this.#cluster.clock.delay(deadlineMs, waiting.signal).catch(() => {});
    // What ended it with an error is told by `done`.
    await Promise.race([this.done.catch(() => {}), deadline]);
    waiting.abort();
  }

  async #run(): Promise<void> {
    const maxRecords = this.#options.maxBatchRecords ?? 5_000;
    try {
      while (!this.#stopping.signal.aborted) {
        const records = await this.#fetcher.take(maxRecords, Number.POSITIVE_INFINITY);
        if (records.length === 0) continue;
        await this.#options.onRecords(records);
        for (const record of records) this.#positions.set(partitionName(record), record.offset + 1n);
        this.#inHand -= records.length;
        this.#endWhenDone();
      }
    } finally {
      this.#stopping.abort();
      await this.#fetcher.close();
      await this.#cluster.close();
    }
  }

  /** What the log holds last need not be a record: its end is where it was read to, not what was handled. */
  #endWhenDone(): void {
    if (this.#ahead === null || this.#ahead.size > 0 || this.#inHand > 0) return;
    this.#stopping.abort();
    void this.#fetcher.close();
  }

  async #watchPartitions(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#cluster.clock.delay(NEW_PARTITIONS_MS, signal);
        const all = await partitionsOf(this.#cluster, this.#options.topics);
        const added = all.filter((partition) => !this.#positions.has(partitionName(partition)));
        if (added.length === 0) continue;
        const positions = await startPositions(this.#cluster, added, () => "first", NO_LOSS);
        for (const [name, offset] of positions) this.#positions.set(name, offset);
        this.#fetcher.add(positions);
      } catch (error) {
        if (signal.aborted) return;
        const fields = { reason: rootMessage(error), retriable: isRetriable(error) };
        this.#cluster.connection.logger.warn("could not look for new partitions; trying again", fields);
      }
    }
  }
}

function endsAhead(
  ends: ReadonlyMap<string, bigint>,
  positions: ReadonlyMap<string, bigint>,
): Map<string, bigint> {
  return new Map([...ends].filter(([name, end]) => end > (positions.get(name) ?? end)));
}
