import { NULL_UUID } from "../../packages/broker/src/protocol/schema.ts";
import type { Side } from "../side.ts";

/** A member of a group as the broker has told it who it is. */
export interface KnownMember {
  memberId: string;
  /** The generation, or the epoch in the new protocol. */
  generation: number;
  /** Everybody in the group, if this member leads it. */
  others: readonly string[];
  owned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[];
}

/** A producer as the broker has told it who it is. */
export interface KnownProducer {
  producerId: number;
  producerEpoch: number;
  /** By topic and partition: the sequence number that is due. */
  readonly sequences: Map<string, number>;
}

/** What the steps of one run have learned from one of the brokers. Names are the same in both, ids are not. */
export class World {
  readonly side: Side;
  readonly prefix: string;
  readonly #members = new Map<string, KnownMember>();
  readonly #producers = new Map<string, KnownProducer>();
  readonly #topicIds = new Map<string, string>();
  readonly #labels = new Map<string, string>();

  constructor(side: Side, prefix: string) {
    this.side = side;
    this.prefix = prefix;
  }

  /** The name that something has in this run, so that runs do not meet. Names that are refused stay as they are. */
  name(short: string): string {
    return /^[a-z][\w.-]*$/i.test(short) ? `${this.prefix}${short}` : short;
  }

  member(group: string, member: string): KnownMember {
    const key = `${group}/${member}`;
    const known = this.#members.get(key) ?? { memberId: "", generation: -1, others: [], owned: [] };
    this.#members.set(key, known);
    return known;
  }

  producer(name: string): KnownProducer {
    const known = this.#producers.get(name) ?? { producerId: -1, producerEpoch: -1, sequences: new Map() };
    this.#producers.set(name, known);
    return known;
  }

  topicId(short: string): string {
    return this.#topicIds.get(short) ?? NULL_UUID;
  }

  /** The id of the topic, or one that no topic has. */
  anyTopicId(short: string): string {
    return this.#topicIds.get(short) ?? `AAAAAAAAAAAAAAAAAAAA${/[a-z]/i.exec(short)?.[0] ?? "z"}A`;
  }

  learnTopic(name: string, topicId: string): void {
    if (topicId === NULL_UUID) return;
    const short = name.slice(this.prefix.length);
    this.#topicIds.set(short, topicId);
    this.label(topicId, `topic ${short}`);
  }

  /** Calls an id by its part in the run from now on, unless it has a name. */
  label(id: string, label: string): void {
    if (id === "" || this.#labels.has(id)) return;
    const count = [...this.#labels.values()].filter((other) => other.startsWith(`${label} #`)).length;
    this.#labels.set(id, `${label} #${count + 1}`);
  }

  labelOf(id: string): string | undefined {
    return this.#labels.get(id);
  }
}
