import { ask, CONSUMER_PROTOCOL_REQUEST } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CODE, throwOnCode } from "../cluster/errors.ts";

/** The names of topics by their ids. */
export class TopicIds {
  readonly #cluster: Cluster;
  readonly #names = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined for a topic that was not looked up, or did not exist then. */
  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  /** Asks for the ids of these topics; those that do not exist are left out. */
  async lookUp(topics: readonly string[]): Promise<void> {
    const link = await this.#cluster.anyLink();
    const answer = await ask(link, CONSUMER_PROTOCOL_REQUEST.metadata, [...topics], false, false);
    for (const { errorCode, name, topicId } of answer.topics) {
      if (name === null || name === undefined || errorCode === CODE.unknownTopicOrPartition) continue;
      if (errorCode !== CODE.leaderNotAvailable) throwOnCode(errorCode, `looking up ${name}`);
      this.#names.set(topicId, name);
    }
  }
}
