import { CandlewickError, systemClock } from "@candlewick/runtime";
import type { Connection } from "@platformatic/kafka";
import type { Pace } from "./backoff.ts";
import { ask, REQUEST, unsupportedRequests } from "./broker-api.ts";
import { catalogued } from "./catalogue.ts";
import { type KafkaConnection, type NamedConnection, namedConnection } from "./connection.ts";
import { BrokerError, CODE, KAFKA_ERRORS, kafkaUnreachable, throwOnCode, unknownTopic } from "./errors.ts";
import { type Address, openLink } from "./link.ts";

/** The leader of each partition of a topic, by partition number; -1 while there is none. */
export interface TopicLayout {
  readonly name: string;
  readonly leaders: readonly number[];
  /** The brokers that hold each partition, the preferred leader first, and those of them that keep up. */
  readonly replicas: readonly (readonly number[])[];
  readonly inSync: readonly (readonly number[])[];
}

/** A connection in the pool. */
interface Pooled {
  readonly opening: Promise<Connection>;
  /** When another one takes its place, because the broker closes it soon; monotonic milliseconds. */
  renewAtMs: number;
}

/** Of a connection's life this share is used. */
const USED_SHARE = 0.8;
const REQUEST_TIMEOUT_MS = 30_000;
/** What a connection is first asked is answered from memory: who is silent for so long is no broker. */
const FIRST_ANSWER_MS = 10_000;

/**
 * What a client knows of its cluster, and its connections: one per broker and purpose, because a broker
 * answers the requests of a connection in order, and a long poll would hold up whatever is behind it.
 */
export class Cluster implements Pace {
  readonly connection: NamedConnection;
  readonly clock: Pace["clock"];
  readonly random: Pace["random"];
  readonly #links = new Map<string, Pooled>();
  #retirements = 0;
  #brokers = new Map<number, Address>();
  #controllerId = -1;
  #closed = false;

  private constructor(connection: KafkaConnection) {
    this.connection = namedConnection(connection);
    this.clock = connection.clock ?? systemClock;
    this.random = connection.random ?? Math.random;
  }

  /** Throws KAFKA_UNREACHABLE where no address answers, BROKER_TOO_OLD where one does not know our requests. */
  static async connect(connection: KafkaConnection): Promise<Cluster> {
    const cluster = new Cluster(connection);
    try {
      const missing = await cluster.#inTime(unsupportedRequests(await cluster.anyLink()));
      if (missing.length > 0) {
        throw new CandlewickError(
          KAFKA_ERRORS.brokerTooOld,
          `The Kafka at ${connection.brokers.join(", ")} does not understand ${missing.join(", ")}.`,
          "Use Apache Kafka 2.8 or newer.",
        );
      }
      await cluster.layouts([]);
      return cluster;
    } catch (error) {
      await cluster.close();
      const known = catalogued(error, connection);
      throw known instanceof CandlewickError ? known : kafkaUnreachable(connection.brokers, error);
    }
  }

  /** The partitions of these topics and their leaders, asked anew. Throws UNKNOWN_TOPIC for one that is not there. */
  async layouts(topics: readonly string[]): Promise<Map<string, TopicLayout>> {
    const all = await this.#metadata([...topics]);
    const layouts = new Map<string, TopicLayout>();
    for (const topic of all) {
      if (topic.errorCode === CODE.unknownTopicOrPartition) throw unknownTopic(topic.name);
      // A partition without a leader carries a code of its own; the rest of the topic is good.
      if (topic.errorCode !== CODE.leaderNotAvailable)
        throwOnCode(topic.errorCode, `looking up ${topic.name}`);
      const { name } = topic;
      const byNumber = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
      layouts.set(name, {
        name,
        leaders: byNumber.map(({ leaderId }) => leaderId),
        replicas: byNumber.map(({ replicaNodes }) => replicaNodes),
        inSync: byNumber.map(({ isrNodes }) => isrNodes),
      });
    }
    return layouts;
  }

  /** The names of all topics; those that are Kafka's own only where they are asked for. */
  async topicNames(withInternal = false): Promise<string[]> {
    const all = await this.#metadata(null);
    return all.filter((topic) => withInternal || !topic.isInternal).map((topic) => topic.name);
  }

  /** The numbers of the brokers that the cluster named last. */
  brokerIds(): number[] {
    return [...this.#brokers.keys()];
  }

  /** The connection to a broker for one purpose; opened when there is none. */
  link(nodeId: number, purpose: string, options: { requestTimeoutMs?: number } = {}): Promise<Connection> {
    const address = this.#brokers.get(nodeId);
    if (address === undefined) {
      return Promise.reject(new BrokerError(CODE.leaderNotAvailable, `looking for broker ${nodeId}`));
    }
    return this.#pooled(address, purpose, options.requestTimeoutMs);
  }

  /** A connection to any broker: those that the cluster named first, then the addresses given. */
  async anyLink(): Promise<Connection> {
    const given = this.connection.brokers.map(parseAddress);
    const errors: unknown[] = [];
    for (const address of [...this.#brokers.values(), ...given]) {
      try {
        return await this.#pooled(address, "any");
      } catch (error) {
        if (error instanceof CandlewickError) throw error;
        errors.push(error);
      }
    }
    throw kafkaUnreachable(this.connection.brokers, new AggregateError(errors));
  }

  /** The connection to the controller, for changes of topics. */
  controllerLink(): Promise<Connection> {
    return this.#brokers.has(this.#controllerId) ? this.link(this.#controllerId, "any") : this.anyLink();
  }

  /** Closes the connections of one purpose; requests that are under way on them are rejected. */
  async disconnect(purpose: string): Promise<void> {
    for (const [name, link] of this.#links) {
      if (name.startsWith(`${purpose}@`)) await this.#drop(name, link);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const [name, link] of this.#links) await this.#drop(name, link);
  }

  async #inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const answered = new AbortController();
    const late = this.clock.delay(FIRST_ANSWER_MS, answered.signal).then(
      () => {
        throw new Error(`no answer in ${FIRST_ANSWER_MS / 1000} s`);
      },
      () => answer,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      answered.abort();
    }
  }

  async #metadata(topics: string[] | null) {
    const link = await this.anyLink();
    const answer = await ask(link, REQUEST.metadata, topics, false, false, false);
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#controllerId = answer.controllerId;
    return answer.topics;
  }

  #pooled(address: Address, purpose: string, requestTimeoutMs = REQUEST_TIMEOUT_MS): Promise<Connection> {
    if (this.#closed) {
      return Promise.reject(
        new CandlewickError(KAFKA_ERRORS.closed, "The client is closed.", "Report this as a bug."),
      );
    }
    const name = `${purpose}@${address.host}:${address.port}`;
    const existing = this.#links.get(name);
    if (existing !== undefined) {
      if (this.clock.monotonic() < existing.renewAtMs) return existing.opening;
      // Its requests that are under way get their answers; the broker closes it at its end.
      this.#links.set(`${name} retired ${this.#retirements++}`, existing);
    }
    const pooled: Pooled = {
      opening: this.#open(address, requestTimeoutMs, () => pooled),
      renewAtMs: Infinity,
    };
    this.#links.set(name, pooled);
    return pooled.opening;
  }

  #open(address: Address, requestTimeoutMs: number, pooled: () => Pooled): Promise<Connection> {
    return openLink(this.connection, address, {
      requestTimeoutMs,
      onGone: () => {
        for (const [name, link] of this.#links) if (link === pooled()) this.#links.delete(name);
      },
      onSession: (lifetimeMs) => {
        if (lifetimeMs > 0) pooled().renewAtMs = this.clock.monotonic() + lifetimeMs * USED_SHARE;
      },
    });
  }

  async #drop(name: string, { opening }: Pooled): Promise<void> {
    this.#links.delete(name);
    // One that could not be opened has told whoever waited for it.
    const link = await opening.catch(() => null);
    if (link === null) return;
    const closing = link.close();
    // A long poll has nothing more to say to us.
    link.socket.destroy();
    await closing;
  }
}

function parseAddress(text: string): Address {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  const [, host, port] = match ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new CandlewickError(
      KAFKA_ERRORS.refused,
      `${text} is not the address of a Kafka broker.`,
      "Write it as host:port, for example 127.0.0.1:9092.",
    );
  }
  return { host, port: Number(port) };
}
