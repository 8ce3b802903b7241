import { setImmediate as nextTurn } from "node:timers/promises";
import { parsePartitionName, partitionName, type TopicPartition } from "@candlewick/contracts";
import { backoffMs } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { BrokerError, CODE, mayPass, rootMessage, throwOnCode } from "../cluster/errors.ts";
import { groupByTopic, placeLeaders } from "../cluster/offset-lookup.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { decodeBatch, splitBatches } from "../record/record-reader.ts";
import type { RawFetchPartition } from "./raw-fetch.ts";
import { RecordBuffer } from "./record-buffer.ts";

export interface FetcherOptions {
  readonly maxBufferBytes: number;
  /** Where to go on when Kafka does not have the wanted offset; throws where that is not for us to decide. */
  relocate(partition: TopicPartition, wanted: bigint): Promise<bigint>;
}

const LONG_POLL_MS = 500;
const MAX_FETCH_BYTES = 8 << 20;
const PARTITION_BYTES = 2 << 20;
/** Decoding goes on in the next turn of the loop after so many bytes, lest it starve heartbeats. */
const BYTES_PER_TURN = 256 << 10;
const TROUBLE_BACKOFF = { firstMs: 100, maxMs: 2_000 };
const LEADERLESS_ROUND_MS = 1_000;

/**
 * Reads partitions from given offsets into a bounded buffer. Leaders are followed through elections and
 * restarts; what cannot pass by itself fails the next `take`.
 */
export class Fetcher {
  readonly #cluster: Cluster;
  readonly #options: FetcherOptions;
  readonly #buffer: RecordBuffer;
  /** The next offset to fetch, by partition name. */
  readonly #positions: Map<string, bigint>;
  readonly #purpose: string;
  readonly #closing = new AbortController();
  #round = new AbortController();
  #partitionBytes = PARTITION_BYTES;
  #rotation = 0;

  static #count = 0;

  constructor(cluster: Cluster, positions: ReadonlyMap<string, bigint>, options: FetcherOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#positions = new Map(positions);
    this.#buffer = new RecordBuffer(options.maxBufferBytes);
    this.#purpose = `fetch-${Fetcher.#count++}`;
    void this.#run();
  }

  /** Everything that arrived, up to the bounds and at least one record; empty once the fetcher was closed. */
  take(maxRecords: number, maxBytes: number): Promise<ConsumedRecord[]> {
    return this.#buffer.take(maxRecords, maxBytes);
  }

  /** Reads further partitions as well. */
  add(positions: ReadonlyMap<string, bigint>): void {
    for (const [name, offset] of positions) this.#positions.set(name, offset);
    this.#round.abort();
  }

  /** Stops fetching at once and forgets what was not handed over. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#round.abort();
    this.#buffer.close();
    await this.#cluster.disconnect(this.#purpose);
  }

  /** Never rejects: what ends it is told to the next `take`. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#followLeaders();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error, failures)) {
          this.#buffer.fail(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (failures === 0) {
          const { logger } = this.#cluster.connection;
          logger.warn("reading from Kafka is interrupted; trying again", { reason: rootMessage(error) });
        }
        // A closed fetcher ends the pause, and with it the loop.
        await this.#cluster.clock
          .delay(backoffMs(TROUBLE_BACKOFF, failures++, this.#cluster.random), signal)
          .catch(() => {});
      }
    }
  }

  /** Fetches from all leaders side by side until one of them is in trouble or the partitions change. */
  async #followLeaders(): Promise<void> {
    this.#round = new AbortController();
    const round = this.#round;
    const partitions = [...this.#positions.keys()].map(parsePartitionName);
    if (partitions.length === 0) return untilAborted(AbortSignal.any([round.signal, this.#closing.signal]));
    const { byLeader, leaderless } = await placeLeaders(this.#cluster, partitions);
    const tasks = [...byLeader].map(([leader, led]) =>
      this.#follow(leader, led, round.signal).finally(() => round.abort()),
    );
    if (leaderless.length > 0) {
      // Those that have a leader are read meanwhile.
      tasks.push(
        this.#cluster.clock.delay(LEADERLESS_ROUND_MS, round.signal).then(
          () => round.abort(),
          () => {},
        ),
      );
    }
    const outcomes = await Promise.allSettled(tasks);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #follow(leader: number, partitions: readonly TopicPartition[], round: AbortSignal): Promise<void> {
    const link = await this.#cluster.link(leader, this.#purpose);
    while (!round.aborted) {
      await this.#buffer.room();
      if (round.aborted) return;
      const answer = await ask(
        link,
        REQUEST.fetch,
        LONG_POLL_MS,
        1,
        MAX_FETCH_BYTES,
        0,
        0,
        -1,
        this.#wanted(partitions),
        [],
        "",
      );
      throwOnCode(answer.errorCode, "fetching");
      for (const { topic, partitions: parts } of answer.topics) {
        for (const part of parts) await this.#receive({ topic, partition: part.partition }, part);
      }
    }
  }

  /** The request's partitions, each time beginning with another one, so that none is always served last. */
  #wanted(partitions: readonly TopicPartition[]) {
    const start = this.#rotation++ % partitions.length;
    const rotated = [...partitions.slice(start), ...partitions.slice(0, start)];
    return groupByTopic(rotated).map(([topic, numbers]) => ({
      topicId: topic,
      partitions: numbers.map((partition) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: this.#positions.get(partitionName({ topic, partition })) ?? 0n,
        lastFetchedEpoch: -1,
        partitionMaxBytes: this.#partitionBytes,
      })),
    }));
  }

  async #receive(partition: TopicPartition, part: RawFetchPartition): Promise<void> {
    const name = partitionName(partition);
    const wanted = this.#positions.get(name);
    if (wanted === undefined || this.#closing.signal.aborted) return;
    if (part.errorCode === CODE.offsetOutOfRange) {
      this.#positions.set(name, await this.#options.relocate(partition, wanted));
      return;
    }
    if (part.errorCode !== CODE.none) throw new BrokerError(part.errorCode, `fetching ${name}`);
    if (part.records === null || part.records.length === 0) return;
    await this.#decode(partition, part.records, wanted);
  }

  async #decode(partition: TopicPartition, bytes: Buffer, wanted: bigint): Promise<void> {
    const name = partitionName(partition);
    let position = wanted;
    let turnBytes = 0;
    for (const batch of splitBatches(bytes)) {
      const decoded = decodeBatch(batch, partition, position);
      if (decoded.nextOffset > position) position = decoded.nextOffset;
      this.#positions.set(name, position);
      this.#buffer.push(decoded.records);
      turnBytes += batch.length;
      if (turnBytes < BYTES_PER_TURN) continue;
      turnBytes = 0;
      await nextTurn();
      if (this.#closing.signal.aborted) return;
    }
    // A broker sends at least one whole batch; one that does not needs a larger limit.
    if (position === wanted) this.#partitionBytes = Math.min(this.#partitionBytes * 2, 1 << 30);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
