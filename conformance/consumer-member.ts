import { setTimeout as delay } from "node:timers/promises";
import { consumerGroupHeartbeat } from "../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import type { Decoded, Encodable } from "../packages/broker/src/protocol/schema.ts";
import { POLL_MS, POLLS, type Session } from "./session.ts";

type Beat = Encodable<(typeof consumerGroupHeartbeat)["request"]>;
export type BeatAnswer = Decoded<(typeof consumerGroupHeartbeat)["response"]>;

interface MemberOptions {
  readonly memberId: string;
  readonly topics?: readonly string[];
  readonly instanceId?: string;
  readonly version?: number;
}

type Partitions = readonly { readonly topicId: string; readonly partitions: readonly number[] }[];

/** A member of a group of the new protocol, which does at once what it is told. */
export class ConsumerMember {
  readonly session: Session;
  readonly groupId: string;
  readonly #options: MemberOptions;
  readonly memberId: string;
  memberEpoch = 0;
  owned: Partitions = [];

  constructor(session: Session, groupId: string, options: MemberOptions) {
    this.session = session;
    this.groupId = groupId;
    this.#options = options;
    this.memberId = options.memberId;
  }

  get version(): number {
    return this.#options.version ?? 1;
  }

  get identity() {
    const { groupId, memberId, memberEpoch } = this;
    return { groupId, memberId, memberEpoch, instanceId: this.#options.instanceId ?? null };
  }

  /** Everything that a member says when it joins. */
  get whole(): Beat {
    const { identity } = this;
    return {
      ...identity,
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: this.#options.topics ?? [],
      topicPartitions: [],
    };
  }

  join(fields: Partial<Beat> = {}, step = `${this.memberId} joins`): Promise<BeatAnswer> {
    return this.beat({ ...this.whole, ...fields }, step);
  }

  /** A heartbeat whose answer is compared. */
  async beat(fields: Partial<Beat> = {}, step = `${this.memberId} beats`): Promise<BeatAnswer> {
    const body = { ...this.identity, topicPartitions: this.owned, ...fields };
    const answer = await this.session.send(consumerGroupHeartbeat, this.version, body, step);
    this.#follow(answer);
    return answer;
  }

  #follow(answer: BeatAnswer): void {
    if (answer.errorCode !== 0) return;
    this.memberEpoch = answer.memberEpoch;
    if (answer.assignment !== null) this.owned = answer.assignment.topicPartitions;
  }
}

/**
 * Creates a topic and waits until the coordinator of groups knows it: Apache Kafka's learns of topics by itself, later
 * than whoever leads their partitions.
 */
export async function createAssignableTopic(
  session: Session,
  name: string,
  numPartitions: number,
): Promise<void> {
  await session.createTopic(name, numPartitions);
  const member = { groupId: "scouts", memberId: `scout of ${name}` };
  const joining = { ...member, memberEpoch: 0, rebalanceTimeoutMs: 60_000, topicPartitions: [] };
  for (let poll = 0; poll < POLLS; poll++) {
    const beat = { ...joining, subscribedTopicNames: [name] };
    const { assignment } = await session.ask(consumerGroupHeartbeat, 1, beat);
    await session.ask(consumerGroupHeartbeat, 1, { ...member, memberEpoch: -1, rebalanceTimeoutMs: -1 });
    const [found] = assignment?.topicPartitions ?? [];
    if (found?.partitions.length === numPartitions) return;
    await delay(POLL_MS);
  }
  throw new Error(`the coordinator does not know ${name}`);
}
