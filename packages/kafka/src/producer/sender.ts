import { partitionName } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import { ask, REQUEST } from "../cluster/broker-api.ts";
import { catalogued } from "../cluster/catalogue.ts";
import type { Cluster, TopicLayout } from "../cluster/cluster.ts";
import {
  BrokerError,
  CODE,
  isRetriable,
  KAFKA_ERRORS,
  throwOnCode,
  unknownTopic,
} from "../cluster/errors.ts";
import { askGathered } from "../cluster/gathered-request.ts";
import { BatchMemory } from "./batch-memory.ts";
import type { Batch, Identity, PartitionQueue } from "./partition-queue.ts";
import { PRODUCE, type TopicBatches } from "./produce-request.ts";
import type { ProducerSettings } from "./producer-options.ts";

const ALL_REPLICAS = -1;
const BROKER_TIMEOUT_MS = 25_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** One request being written while the next one is on its way; more would only make the batches smaller. */
const REQUESTS_PER_BROKER = 2;
/** Full batches gain nothing by waiting: of these there are more, so that the broker always has something to write. */
const FULL_REQUESTS_PER_BROKER = 6;
/** A request that holds so much goes out. */
const REQUEST_BYTES = 2_000_000;
/** The broker does not know the name or the number any more: it needs a new one. */
const IDENTITY_LOST: ReadonlySet<number> = new Set([
  CODE.outOfOrderSequence,
  CODE.invalidProducerEpoch,
  CODE.invalidProducerIdMapping,
  CODE.unknownProducerId,
]);

/** Batches that go to a broker together. */
interface ProduceRequest {
  readonly leader: number;
  readonly batches: Batch[];
  bytes: number;
}

/**
 * Sends what the partitions' queues hold: all that is ready for a broker in one request, and what gathers
 * meanwhile in the next.
 */
export class Sender {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #layoutOf: (topic: string) => TopicLayout | undefined;
  readonly #relocate: (topics: readonly string[]) => Promise<void>;
  readonly #ready = new Set<PartitionQueue>();
  readonly #memory = new BatchMemory();
  readonly #requests = new Map<number, number>();
  readonly #onRetry: (topic: string) => void;
  readonly #stopping = new AbortController();
  #scheduled = false;
  #firstIdentity: Promise<Identity> | null = null;

  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    layouts: {
      layoutOf(topic: string): TopicLayout | undefined;
      relocate(topics: readonly string[]): Promise<void>;
    },
    onRetry: (topic: string) => void,
  ) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#layoutOf = layouts.layoutOf;
    this.#relocate = layouts.relocate;
    this.#onRetry = onRetry;
  }

  /** Says that the queue has something to send. */
  wake(queue: PartitionQueue): void {
    if (queue.busy || queue.isEmpty) return;
    this.#ready.add(queue);
    this.#schedule();
  }

  /** Sends nothing more; pauses before another attempt end at once. */
  stop(): void {
    this.#stopping.abort();
    this.#ready.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopping.signal.aborted) return;
    this.#scheduled = true;
    const pump = (): void => {
      this.#scheduled = false;
      if (!this.#stopping.signal.aborted) this.#pump();
    };
    if (this.#settings.lingerMs === 0) setImmediate(pump);
    else this.#cluster.clock.delay(this.#settings.lingerMs, this.#stopping.signal).then(pump, pump);
  }

  #pump(): void {
    const requests: ProduceRequest[] = [];
    const open = new Map<number, ProduceRequest>();
    for (const queue of this.#ready) {
      const leader = this.#layoutOf(queue.topic)?.leaders[queue.partition] ?? -1;
      const request = open.get(leader) ?? this.#begin(leader, queue);
      if (request === null) continue;
      this.#ready.delete(queue);
      const batch = queue.take();
      if (batch === null) continue;
      queue.busy = true;
      if (request.batches.length === 0) {
        requests.push(request);
        this.#requests.set(leader, (this.#requests.get(leader) ?? 0) + 1);
      }
      request.batches.push(batch);
      request.bytes += batch.bytes;
      if (request.bytes < REQUEST_BYTES) open.set(leader, request);
      else open.delete(leader);
    }
    for (const { leader, batches } of requests) void this.#deliver(leader, batches);
  }

  /** Another request to this broker; null while that must wait. */
  #begin(leader: number, queue: PartitionQueue): ProduceRequest | null {
    const most = queue.isFull ? FULL_REQUESTS_PER_BROKER : REQUESTS_PER_BROKER;
    return (this.#requests.get(leader) ?? 0) < most ? { leader, batches: [], bytes: 0 } : null;
  }

  /** One attempt to write some batches. Never rejects: every batch gets its outcome or another attempt. */
  async #deliver(leader: number, batches: readonly Batch[]): Promise<void> {
    try {
      await this.#attempt(leader, batches);
    } catch (error) {
      const failed = batches.filter((batch) => batch.queue.busy);
      for (const batch of failed)
        this.#fail(batch, error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#requests.set(leader, (this.#requests.get(leader) ?? 1) - 1);
      if (this.#ready.size > 0) this.#schedule();
    }
  }

  async #attempt(leader: number, batches: readonly Batch[]): Promise<void> {
    if (leader < 0) throw new BrokerError(CODE.leaderNotAvailable, "looking for the leader");
    for (const { queue } of batches) queue.identity ??= await this.#newIdentity(queue);
    const link = await this.#cluster.link(leader, "produce");
    const topics = this.#encode(batches);
    const { clientId } = this.#cluster.connection;
    const answer = await askGathered(
      link,
      clientId,
      REQUEST_TIMEOUT_MS,
      PRODUCE,
      ALL_REPLICAS,
      BROKER_TIMEOUT_MS,
      topics,
    );
    const outcomes = new Map(
      answer.responses.flatMap((topic) =>
        topic.partitionResponses.map((outcome) => [
          partitionName({ topic: topic.name, partition: outcome.index }),
          outcome,
        ]),
      ),
    );
    for (const batch of batches) {
      const outcome = outcomes.get(partitionName(batch.queue));
      const doing = `writing to ${partitionName(batch.queue)}`;
      if (outcome === undefined) this.#fail(batch, new BrokerError(-1, doing, "the broker left it out"));
      else if (outcome.errorCode === CODE.none || outcome.errorCode === CODE.duplicateSequence) {
        this.#succeed(batch, outcome.baseOffset);
      } else this.#fail(batch, new BrokerError(outcome.errorCode, doing, outcome.errorMessage ?? null));
    }
  }

  #encode(batches: readonly Batch[]): TopicBatches[] {
    const { compression } = this.#settings;
    const topics = new Map<string, { index: number; records: Buffer }[]>();
    for (const batch of batches) {
      const { topic, partition, identity } = batch.queue;
      if (identity === null) throw new Error(`${partitionName(batch.queue)} has no producer id`);
      const partitions = topics.get(topic) ?? [];
      partitions.push({ index: partition, records: batch.encode(identity, compression, this.#memory) });
      topics.set(topic, partitions);
    }
    return [...topics].map(([name, partitions]) => ({ name, partitions }));
  }

  #succeed(batch: Batch, baseOffset: bigint): void {
    const { queue } = batch;
    queue.busy = false;
    batch.release(this.#memory);
    let offset = baseOffset;
    for (const message of batch.messages) {
      message.settle(null, queue.partition, offset);
      // Of a batch that was written before, the broker may not know the place any more.
      if (offset >= 0n) offset++;
    }
    this.wake(queue);
  }

  #fail(batch: Batch, error: Error): void {
    const { queue } = batch;
    const code = error instanceof BrokerError ? error.brokerCode : null;
    const tooLarge = code === CODE.messageTooLarge || code === CODE.recordListTooLarge;
    if (tooLarge && batch.messages.length > 1) {
      queue.split(batch);
      batch.release(this.#memory);
      queue.busy = false;
      this.wake(queue);
      return;
    }
    batch.failures++;
    const lost = code !== null && IDENTITY_LOST.has(code);
    if (lost) {
      batch.forgetEncoding();
      queue.loseIdentity();
    }
    if ((lost || isRetriable(error)) && batch.failures <= this.#settings.retries) void this.#again(batch);
    else this.#giveUp(batch, this.#finalError(batch, error, tooLarge));
  }

  /** Why a batch failed for good: of the catalogue already, a right that is missing, or that nobody answered. */
  #finalError(batch: Batch, error: Error, tooLarge: boolean): Error {
    if (tooLarge) return tooLargeError(batch, error);
    const isGone = error instanceof BrokerError && error.brokerCode === CODE.unknownTopicOrPartition;
    if (isGone) return unknownTopic(batch.queue.topic);
    const known = catalogued(error, this.#cluster.connection);
    const isFinal = known instanceof CandlewickError && known.retry === "never" && known.fault === "user";
    return isFinal ? known : deliveryFailed(batch, error);
  }

  /** Another attempt after a pause, at the leader of then. */
  async #again(batch: Batch): Promise<void> {
    const { queue } = batch;
    this.#onRetry(queue.topic);
    try {
      await this.#cluster.clock.delay(this.#settings.retryBackoffMs, this.#stopping.signal);
      await this.#relocate([queue.topic]);
    } catch {
      // Stopped: whoever stopped settles the messages. Or nobody knows the leaders now: the attempt tells.
      if (this.#stopping.signal.aborted) return;
    }
    queue.retry = batch;
    queue.busy = false;
    this.wake(queue);
  }

  #giveUp(batch: Batch, error: Error): void {
    const { queue } = batch;
    queue.loseIdentity();
    queue.busy = false;
    batch.release(this.#memory);
    for (const message of batch.messages) message.settle(error, queue.partition, -1n);
    this.wake(queue);
  }

  async #newIdentity(queue: PartitionQueue): Promise<Identity> {
    if (queue.renamed) return this.#requestIdentity();
    this.#firstIdentity ??= this.#requestIdentity().catch((error: unknown) => {
      this.#firstIdentity = null;
      throw error;
    });
    return { ...(await this.#firstIdentity) };
  }

  /** A coordinator that still loads its state is waited for; brokers that are away use up an attempt. */
  #requestIdentity(): Promise<Identity> {
    const { signal } = this.#stopping;
    const passes = (error: unknown): boolean => error instanceof BrokerError && error.retriable;
    return persistently(this.#cluster, { signal, passes }, async () => {
      const link = await this.#cluster.anyLink();
      // -1 and -1 ask for a new name; anything else would claim an old one.
      const answer = await ask(link, REQUEST.initProducerId, null, 60_000, -1n, -1);
      throwOnCode(answer.errorCode, "asking for a producer id");
      return { id: answer.producerId, epoch: answer.producerEpoch, nextSequence: 0 };
    });
  }
}

function tooLargeError(batch: Batch, cause: Error): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `A message of ${batch.bytes} bytes is larger than ${batch.queue.topic} allows.`,
    "Raise max.message.bytes of the topic, or split the message.",
    { cause },
  );
}

function deliveryFailed(batch: Batch, cause: Error): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.deliveryFailed,
    `${batch.messages.length} message(s) for ${partitionName(batch.queue)} were not acknowledged in ` +
      `${batch.failures} attempt(s): ${cause.message}.`,
    "Check the brokers and send them again; whether they were written is not known.",
    { cause },
  );
}
