import { parsePartitionName, partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Connection } from "@platformatic/kafka";
import { ask, REQUEST } from "./broker-api.ts";
import type { Cluster } from "./cluster.ts";
import { CODE, throwOnCode } from "./errors.ts";
import { groupByTopic } from "./offset-lookup.ts";

const GROUP = 0;

/** A membership as the coordinator knows it; `nobody` for requests of a client that is no member. */
export interface Generation {
  readonly memberId: string;
  readonly generationId: number;
}

export const NOBODY: Generation = { memberId: "", generationId: -1 };

/** The broker that coordinates a group: found anew whenever it says that it is not the one. */
export class Coordinator {
  readonly #cluster: Cluster;
  readonly #groupId: string;
  #node: number | null = null;

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster;
    this.#groupId = groupId;
  }

  /** The broker's number; null before it was asked for. */
  get nodeId(): number | null {
    return this.#node;
  }

  /** The connection to it, its own so that a heartbeat never waits behind a fetch; another one for each purpose. */
  async link(purpose = "coordinator", requestTimeoutMs = 30_000): Promise<Connection> {
    if (this.#node === null) {
      const answer = await ask(await this.#cluster.anyLink(), REQUEST.findCoordinator, GROUP, [
        this.#groupId,
      ]);
      const [found] = answer.coordinators;
      if (found === undefined) throw new Error("the broker named no coordinator");
      throwOnCode(found.errorCode, `looking for the coordinator of ${this.#groupId}`);
      this.#node = found.nodeId;
    }
    try {
      return await this.#cluster.link(this.#node, purpose, { requestTimeoutMs });
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Throws on an error code; after one that says so the coordinator is looked for again. */
  check(errorCode: number, doing: string): void {
    if (errorCode === CODE.notCoordinator || errorCode === CODE.coordinatorNotAvailable) this.forget();
    throwOnCode(errorCode, `${doing} group ${this.#groupId}`);
  }

  forget(): void {
    this.#node = null;
  }

  /** The offsets that the group has committed, of these partitions or of all; only partitions where it has. */
  async committed(partitions: readonly TopicPartition[] | "all"): Promise<Map<string, bigint>> {
    const topics =
      partitions === "all"
        ? null
        : groupByTopic(partitions).map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
    const link = await this.link();
    const answer = await ask(link, REQUEST.offsetFetch, [{ groupId: this.#groupId, topics }], true);
    this.check(answer.errorCode, "reading the offsets of");
    const offsets = new Map<string, bigint>();
    for (const topic of answer.topics) {
      for (const { partitionIndex, errorCode, committedOffset } of topic.partitions) {
        this.check(errorCode, "reading the offsets of");
        const name = partitionName({ topic: topic.name, partition: partitionIndex });
        if (committedOffset >= 0n) offsets.set(name, committedOffset);
      }
    }
    return offsets;
  }

  /** Commits next offsets by `partitionName`. */
  async commit(offsets: ReadonlyMap<string, bigint>, { memberId, generationId }: Generation): Promise<void> {
    const topics = groupByTopic([...offsets.keys()].map(parsePartitionName)).map(([name, numbers]) => ({
      name,
      partitions: numbers.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: offsets.get(partitionName({ topic: name, partition: partitionIndex })) ?? 0n,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }));
    const link = await this.link();
    const answer = await ask(link, REQUEST.offsetCommit, this.#groupId, generationId, memberId, null, topics);
    for (const topic of answer.topics) {
      for (const { errorCode } of topic.partitions) this.check(errorCode, "committing the offsets of");
    }
  }
}
