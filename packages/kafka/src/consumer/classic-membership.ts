import type { TopicPartition } from "@candlewick/contracts";
import { REQUEST } from "../cluster/broker-api.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Coordinator, Generation } from "../cluster/coordinator.ts";
import { GroupMember, type MembershipSettings } from "./group-member.ts";
import type { CommitRequest } from "./group-offsets.ts";
import type { GroupSession } from "./group-session.ts";
import { beat } from "./heartbeat.ts";
import { type Holder, type Membership, without } from "./membership.ts";
import { whenAborted } from "./when-aborted.ts";

export interface ClassicSettings extends MembershipSettings {
  readonly heartbeatIntervalMs: number;
}

/**
 * Membership by the classic protocol. With an assignor that is not incremental, all is given up before the group
 * agrees anew. With one that is, the member joins again with what it has, gives up what the answer does not name, and
 * joins once more, so that others may get it.
 */
export class ClassicMembership implements Membership {
  readonly commitRequest: CommitRequest = REQUEST.offsetCommit;
  readonly #cluster: Cluster;
  readonly #settings: ClassicSettings;
  readonly #member: GroupMember;
  #isMember = false;
  /** Resolves when it is time to join again. */
  #rebalance = Promise.withResolvers<void>();

  constructor(cluster: Cluster, settings: ClassicSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#member = new GroupMember(cluster, settings);
  }

  get coordinator(): Coordinator {
    return this.#member.coordinator;
  }

  get generation(): Generation {
    return this.#member.generation;
  }

  get isMember(): boolean {
    return this.#isMember;
  }

  resubscribe(): void {
    this.#rebalance.resolve();
  }

  async leave(): Promise<void> {
    this.#isMember = false;
    await this.#member.cut();
    await this.#member.leave();
  }

  async run(holder: Holder, session: GroupSession): Promise<void> {
    const { ended, closed } = session;
    const { isIncremental } = this.#settings.assignor;
    const over = whenAborted(ended);
    let beating: Promise<void> | null = null;
    let owned: readonly TopicPartition[] = [];
    try {
      while (!ended.aborted) {
        this.#rebalance = Promise.withResolvers();
        // Whoever holds partitions finishes a join that has begun, so that the last commit is of the new generation.
        const assigned = await this.#join(owned.length > 0 ? closed : ended, owned);
        if (assigned === null) {
          session.end("lost", 0);
          break;
        }
        beating ??= this.#beat(session);
        this.#isMember = true;
        if (ended.aborted) break;
        if (!(await holder.accepts(assigned))) continue;
        holder.take(without(assigned, owned));
        const gone = without(owned, assigned);
        owned = assigned;
        if (gone.length > 0) {
          await holder.release(gone);
          continue;
        }
        await Promise.race([this.#rebalance.promise, over]);
        if (ended.aborted || isIncremental) continue;
        await holder.release(owned);
        owned = [];
      }
    } catch (error) {
      if (!ended.aborted) throw error;
    } finally {
      this.#isMember = false;
    }
    await beating;
  }

  async #join(signal: AbortSignal, owned: readonly TopicPartition[]): Promise<TopicPartition[] | null> {
    // The answer to a join comes when all members have joined; an end does not wait for it.
    const cut = (): void => void this.#member.cut();
    signal.addEventListener("abort", cut, { once: true });
    try {
      return await this.#member.join(signal, owned);
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  async #beat(session: GroupSession): Promise<void> {
    const { topics, heartbeatIntervalMs: intervalMs, sessionTimeoutMs } = this.#settings;
    const onEnd = (reason: "rebalance" | "lost"): void => {
      if (reason === "lost") session.end("lost", 0);
      else this.#rebalance.resolve();
    };
    await beat(this.#cluster, this.#member, { topics, intervalMs, sessionTimeoutMs }, onEnd, session.closed);
  }
}
