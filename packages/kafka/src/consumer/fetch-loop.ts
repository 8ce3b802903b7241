import { parsePartitionName, partitionName, type TopicPartition } from "@candlewick/contracts";
import { backoffMs } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { BrokerError, CODE, mayPass, rootMessage, throwOnCode } from "../cluster/errors.ts";
import { groupByTopic, placeLeaders } from "../cluster/offset-lookup.ts";
import { ISOLATION_LEVEL, type Isolation } from "../record/isolation.ts";
import { FetchedPart } from "./fetched-part.ts";
import { FetchedParts, type RecordSink } from "./fetched-parts.ts";
import type { RawFetchPartition, RawFetchResponse } from "./raw-fetch.ts";
import { Wake } from "./wake.ts";
import { whenAborted } from "./when-aborted.ts";

/** Who takes what is fetched. */
export interface FetchSink extends RecordSink {
  /** Resolves when anything may be fetched. */
  room(): Promise<void>;
  /** Whether this partition (`partitionName`) may be fetched now; asked before each request. */
  wants(name: string): boolean;
  /** How long a request may wait for records, in milliseconds: less where partitions will be wanted sooner. */
  pollMs?(): number;
  /** Where what may be read of a partition ends now, as each answer tells. */
  seen?(partition: TopicPartition, end: bigint): void;
  /** Fetching has ended with an error that cannot pass by itself. */
  fail(error: Error): void;
}

export interface FetchLoopOptions {
  readonly sink: FetchSink;
  readonly isolation: Isolation;
  /** Where to go on when Kafka does not have the wanted offset; throws where that is not for us to decide. */
  relocate(partition: TopicPartition, wanted: bigint): Promise<bigint>;
}

const LONG_POLL_MS = 500;
const MAX_FETCH_BYTES = 4 << 20;
const PARTITION_BYTES = 1 << 20;
/** Answers of a leader that are kept undecoded while it is asked for other partitions. */
const MOST_HELD = 2;
/** How long a request may wait for records while others are kept: these may be wanted sooner. */
const HELD_POLL_MS = 10;
const TROUBLE_BACKOFF = { firstMs: 100, maxMs: 2_000 };
const LEADERLESS_ROUND_MS = 1_000;

/**
 * Reads partitions from given offsets into a sink. Leaders are followed through elections and restarts; what
 * cannot pass by itself is told to the sink.
 */
export class FetchLoop {
  readonly #cluster: Cluster;
  readonly #options: FetchLoopOptions;
  /** The next offset to fetch, by partition name. */
  readonly #positions: Map<string, bigint>;
  readonly #purpose: string;
  readonly #closing = new AbortController();
  #round = new AbortController();
  readonly #wake = new Wake();
  readonly #fetched: FetchedParts;
  #partitionBytes = PARTITION_BYTES;
  #rotation = 0;

  static #count = 0;

  constructor(cluster: Cluster, positions: ReadonlyMap<string, bigint>, options: FetchLoopOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#positions = new Map(positions);
    this.#fetched = new FetchedParts(options.sink, this.#positions, this.#wake);
    this.#purpose = `fetch-${FetchLoop.#count++}`;
    void this.#run();
  }

  /** Reads further partitions as well. */
  add(positions: ReadonlyMap<string, bigint>): void {
    for (const [name, offset] of positions) this.#positions.set(name, offset);
    this.#round.abort();
    this.poke();
  }

  /** Reads these partitions no more; an answer that is under way for them is thrown away. */
  remove(names: readonly string[]): void {
    for (const name of names) this.#positions.delete(name);
    this.#round.abort();
    this.poke();
  }

  /** Goes on with a partition at another offset; an answer that is under way for the old one is thrown away. */
  seek(name: string, offset: bigint): void {
    if (!this.#positions.has(name)) return;
    this.#positions.set(name, offset);
    this.poke();
  }

  /** A partition may be wanted again: asks the sink anew. */
  poke(): void {
    this.#wake.call();
  }

  /** Stops fetching at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#round.abort();
    this.poke();
    await this.#cluster.disconnect(this.#purpose);
  }

  /** Never rejects: what ends it is told to the sink. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#followLeaders();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error, failures)) {
          this.#options.sink.fail(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (failures === 0) {
          const { logger } = this.#cluster.connection;
          logger.warn("reading from Kafka is interrupted; trying again", { reason: rootMessage(error) });
        }
        // A closed loop ends the pause, and with it this one.
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
    if (partitions.length === 0) {
      await whenAborted(AbortSignal.any([round.signal, this.#closing.signal]));
      return;
    }
    const { byLeader, leaderless } = await placeLeaders(this.#cluster, partitions);
    const tasks = [...byLeader].map(([leader, led]) => this.#follow(leader, led, round));
    if (leaderless.length > 0) {
      // Those that have a leader are read meanwhile.
      tasks.push(
        this.#cluster.clock.delay(LEADERLESS_ROUND_MS, round.signal).then(
          () => {
            round.abort();
            this.poke();
          },
          () => {},
        ),
      );
    }
    const outcomes = await Promise.allSettled(tasks);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Asks a leader again and again, while what it brought is handed on; ends the round where something is wrong. */
  async #follow(
    leader: number,
    partitions: readonly TopicPartition[],
    round: AbortController,
  ): Promise<void> {
    const { sink } = this.#options;
    const decoding = new Set<Promise<void>>();
    const failures: unknown[] = [];
    try {
      while (!round.signal.aborted && failures.length === 0) {
        await sink.room();
        const woken = this.#wake.next;
        if (round.signal.aborted) break;
        const wanted = this.#wanted(partitions);
        if (wanted.size === 0 || decoding.size >= MOST_HELD) {
          await woken;
          continue;
        }
        const answer = await this.#ask(leader, wanted, wanted.size === partitions.length);
        const { parts, failure } = await this.#receive(answer, wanted);
        const held = Promise.withResolvers<void>();
        const done = this.#fetched
          .handOn(parts, round.signal, held.resolve)
          .catch((error: unknown) => void failures.push(error))
          .then(() => {
            decoding.delete(done);
            this.poke();
          });
        decoding.add(done);
        await Promise.race([done, held.promise]);
        if (failure !== null) failures.push(failure);
      }
    } finally {
      round.abort();
      this.poke();
      await Promise.all(decoding);
    }
    if (failures.length > 0) throw failures[0];
  }

  async #ask(leader: number, wanted: ReadonlyMap<string, bigint>, isAll: boolean): Promise<RawFetchResponse> {
    const { sink, isolation } = this.#options;
    const level = ISOLATION_LEVEL[isolation];
    const sinkMs = isAll ? LONG_POLL_MS : (sink.pollMs?.() ?? LONG_POLL_MS);
    const pollMs = this.#fetched.size > 0 ? Math.min(HELD_POLL_MS, sinkMs) : sinkMs;
    const topics = this.#topics(wanted);
    // Asked for each time: a connection whose login nears its end has another one in its place.
    const link = await this.#cluster.link(leader, this.#purpose);
    const answer = await ask(link, REQUEST.fetch, pollMs, 1, MAX_FETCH_BYTES, level, 0, -1, topics, [], "");
    throwOnCode(answer.errorCode, "fetching");
    return answer;
  }

  /** What to ask for, each time beginning with another partition, so that none is always served last. */
  #wanted(partitions: readonly TopicPartition[]): Map<string, bigint> {
    const start = this.#rotation++ % partitions.length;
    const wanted = new Map<string, bigint>();
    for (let index = 0; index < partitions.length; index++) {
      const partition = partitions[(start + index) % partitions.length];
      if (partition === undefined) continue;
      const name = partitionName(partition);
      const position = this.#positions.get(name);
      if (position === undefined || this.#fetched.has(name)) continue;
      if (this.#options.sink.wants(name)) wanted.set(name, position);
    }
    return wanted;
  }

  #topics(wanted: ReadonlyMap<string, bigint>) {
    return groupByTopic([...wanted.keys()].map(parsePartitionName)).map(([topic, numbers]) => ({
      topicId: topic,
      partitions: numbers.map((partition) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: wanted.get(partitionName({ topic, partition })) ?? 0n,
        lastFetchedEpoch: -1,
        partitionMaxBytes: this.#partitionBytes,
      })),
    }));
  }

  /** The parts of an answer that are of use. What is wrong with one partition does not hold up the others. */
  async #receive({ topics }: RawFetchResponse, asked: ReadonlyMap<string, bigint>) {
    const parts: FetchedPart[] = [];
    let failure: unknown = null;
    for (const { topic, partitions } of topics) {
      for (const part of partitions) {
        try {
          const received = await this.#receivePart({ topic, partition: part.partition }, part, asked);
          if (received !== null) parts.push(received);
        } catch (error) {
          failure ??= error;
        }
      }
    }
    return { parts, failure };
  }

  async #receivePart(
    partition: TopicPartition,
    part: RawFetchPartition,
    asked: ReadonlyMap<string, bigint>,
  ): Promise<FetchedPart | null> {
    const name = partitionName(partition);
    const wanted = this.#positions.get(name);
    // Somebody has set another position meanwhile: this is the answer to a question that is void.
    if (wanted === undefined || wanted !== asked.get(name) || this.#closing.signal.aborted) return null;
    if (part.errorCode === CODE.offsetOutOfRange) {
      const offset = await this.#options.relocate(partition, wanted);
      if (this.#positions.get(name) === wanted) this.#positions.set(name, offset);
      return null;
    }
    if (part.errorCode !== CODE.none) throw new BrokerError(part.errorCode, `fetching ${name}`);
    const { sink, isolation } = this.#options;
    sink.seen?.(partition, isolation === "read_committed" ? part.lastStableOffset : part.highWatermark);
    if (part.records === null || part.records.length === 0) return null;
    const fetched = new FetchedPart(partition, part.records, wanted, part.aborted);
    if (!fetched.isDone) return fetched;
    // A broker sends at least one whole batch; one that does not needs a larger limit.
    this.#partitionBytes = Math.min(this.#partitionBytes * 2, 1 << 30);
    return null;
  }
}
