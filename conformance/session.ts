import { setTimeout as delay } from "node:timers/promises";
import { createTopics } from "../packages/broker/src/protocol/messages/create-topics.ts";
import { listOffsets } from "../packages/broker/src/protocol/messages/list-offsets.ts";
import { metadata } from "../packages/broker/src/protocol/messages/metadata.ts";
import type { Api, Decoded, Encodable } from "../packages/broker/src/protocol/schema.ts";
import { RawClient } from "../packages/broker/test/raw-client.ts";
import type { Side } from "./side.ts";

/** One thing that was seen of a broker. */
export interface Observation {
  readonly step: string;
  readonly seen: unknown;
}

const ANSWER_TIMEOUT_MS = 15_000;
/** What happens in the background is looked for so often, and so many times. */
export const POLL_MS = 20;
export const POLLS = 300;
const CLOSED = "connection closed";

/** The API versions that were sent so far, as "key:version". */
export const exercised = new Set<string>();

/** The broker ended the connection where the case expected an answer. */
export class ConnectionEnded extends Error {}

/** A case's connection to one of the brokers, and what it has seen there. */
export class Session {
  readonly side: Side;
  readonly #port: number;
  readonly #observations: Observation[];
  readonly #sessions: Session[];
  #client: RawClient | undefined;

  private constructor(side: Side, port: number, observations: Observation[], sessions: Session[]) {
    this.side = side;
    this.#port = port;
    this.#observations = observations;
    this.#sessions = sessions;
    sessions.push(this);
  }

  static open(side: Side): Session {
    return new Session(side, side.port, [], []);
  }

  /** Another connection; what it sees goes to the same list. */
  another(): Session {
    return new Session(this.side, this.#port, this.#observations, this.#sessions);
  }

  /** A connection to the listener that asks who one is. */
  guarded(): Session {
    return new Session(this.side, this.side.saslPort, this.#observations, this.#sessions);
  }

  /** A connection to the listener that takes tokens nobody has signed. */
  unsecured(): Session {
    return new Session(this.side, this.side.unsecuredPort, this.#observations, this.#sessions);
  }

  get observations(): readonly Observation[] {
    return this.#observations;
  }

  close(): void {
    for (const session of this.#sessions) session.#client?.close();
  }

  note(step: string, seen: unknown): void {
    this.#observations.push({ step, seen });
  }

  /** Sends a request whose answer is not compared. */
  async ask<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
  ): Promise<Decoded<A["response"]>> {
    exercised.add(`${api.key}:${version}`);
    this.#client ??= await RawClient.connect(this.#port);
    const client = this.#client;
    const silence = new AbortController();
    const tooLate = delay(ANSWER_TIMEOUT_MS, undefined, { signal: silence.signal }).then(() => {
      throw new Error(`${api.name} ${version} was not answered`);
    });
    const ended = client.closed.then(() => {
      if (this.#client === client) this.#client = undefined;
      throw new ConnectionEnded(`${api.name} ${version}: ${CLOSED}`);
    });
    try {
      return await Promise.race([client.send(api, version, body), ended, tooLate]);
    } finally {
      silence.abort();
      tooLate.catch(() => {});
      ended.catch(() => {});
    }
  }

  /** Sends a request that has no answer, on a connection that is there. */
  post<A extends Api>(api: A, version: number, body: Encodable<A["request"]>): void {
    if (this.#client === undefined) throw new Error("nothing was asked on this connection yet");
    this.#client.post(api, version, body);
  }

  /** Sends a request and puts its answer down for comparison. */
  async send<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
    step = `${api.name} ${version}`,
  ): Promise<Decoded<A["response"]>> {
    const answer = await this.ask(api, version, body);
    this.note(step, answer);
    return answer;
  }

  /** Sends a request after which a broker may end the connection; the next one opens another. */
  async attempt<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
    step = `${api.name} ${version}`,
  ): Promise<void> {
    try {
      this.note(step, await this.ask(api, version, body));
    } catch (error) {
      if (!isEnd(error)) throw error;
      this.note(step, CLOSED);
    }
  }

  /**
   * Repeats a request until the answer is final and puts that one down: Apache Kafka does in the background
   * what the embedded broker has done before it answers.
   */
  async sendUntil<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
    isFinal: (answer: Decoded<A["response"]>) => boolean,
    step = `${api.name} ${version}`,
  ): Promise<Decoded<A["response"]>> {
    let answer = await this.ask(api, version, body);
    for (let poll = 0; poll < POLLS && !isFinal(answer); poll++) {
      await delay(POLL_MS);
      answer = await this.ask(api, version, body);
    }
    this.note(step, answer);
    return answer;
  }

  /** Creates a topic and waits until the broker leads all its partitions. Returns its id. */
  async createTopic(
    name: string,
    numPartitions = 1,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: entries }];
    const created = await this.ask(createTopics, 7, { topics });
    const errorCode = created.topics[0]?.errorCode;
    if (errorCode !== 0) throw new Error(`cannot create ${name}: error ${errorCode}`);
    await this.untilLed(name, numPartitions);
    return created.topics[0]?.topicId ?? "";
  }

  async untilLed(name: string, numPartitions: number): Promise<void> {
    for (let poll = 0; poll < POLLS; poll++) {
      const answer = await this.ask(metadata, 12, { topics: [{ name }], allowAutoTopicCreation: false });
      const partitions = answer.topics[0]?.partitions ?? [];
      if (partitions.length === numPartitions && (await this.#leadsAll(name, numPartitions))) return;
      await delay(POLL_MS);
    }
    throw new Error(`the partitions of ${name} have no leader`);
  }

  /** Metadata may name a leader before it leads: only an answer about the log itself shows that it does. */
  async #leadsAll(name: string, numPartitions: number): Promise<boolean> {
    const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1,
    }));
    const { topics } = await this.ask(listOffsets, 8, { replicaId: -1, topics: [{ name, partitions }] });
    return topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) ?? false;
  }
}

function isEnd(error: unknown): boolean {
  return error instanceof ConnectionEnded || (error instanceof Error && error.message.includes(CLOSED));
}
