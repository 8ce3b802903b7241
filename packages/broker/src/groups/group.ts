import type { Clock, Timer } from "../clock.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import {
  chooseProtocol,
  dismiss,
  EMPTY,
  type JoinResult,
  type Member,
  metadataOf,
  type SyncResult,
  subscribedTopics,
  supportedByAll,
  syncError,
} from "./member.ts";

export type GroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable" | "Dead";

export interface GroupPorts {
  readonly clock: Clock;
  readonly initialRebalanceDelayMs: number;
  /** Called when a generation is complete, or the group has become empty: the time to write it down. */
  readonly onSettled: (group: Group) => void;
}

/**
 * A consumer group of the classic protocol: members join, one generation is formed of those who came in time,
 * its leader assigns, and everything begins again when a member comes, goes, falls silent or changes its mind.
 */
export class Group {
  readonly id: string;
  readonly #ports: GroupPorts;
  state: GroupState = "Empty";
  generationId = 0;
  protocolType: string | null = null;
  protocol: string | null = null;
  leaderId: string | null = null;
  readonly members = new Map<string, Member>();
  /** Instance id to member id. */
  readonly staticMembers = new Map<string, string>();
  /** Ids that were given out and whose owners have not joined with them yet. */
  readonly pendingMembers = new Map<string, Timer>();
  #joinTimer: Timer | undefined;
  #syncTimer: Timer | undefined;
  #initialRemainingMs: number | undefined;
  #joinedSinceDelay = false;
  /** What the present generation reads; undefined before the first one, and where a subscription cannot be read. */
  #readTopics: ReadonlySet<string> | undefined;
  emptySinceMs: number;

  constructor(id: string, ports: GroupPorts) {
    this.id = id;
    this.#ports = ports;
    this.emptySinceMs = ports.clock.nowMs();
  }

  supportsProtocols(protocolType: string, names: readonly string[]): boolean {
    if (protocolType === "" || names.length === 0) return false;
    if (this.members.size === 0) return true;
    const members = [...this.members.values()];
    return this.protocolType === protocolType && names.some((name) => supportedByAll(members, name));
  }

  addPendingMember(memberId: string, sessionTimeoutMs: number): void {
    const timer = this.#ports.clock.setTimer(sessionTimeoutMs, () => {
      this.pendingMembers.delete(memberId);
      this.#completeJoinIfAllHere();
    });
    this.pendingMembers.set(memberId, timer);
  }

  removePendingMember(memberId: string): boolean {
    const timer = this.pendingMembers.get(memberId);
    timer?.cancel();
    this.pendingMembers.delete(memberId);
    if (timer === undefined) return false;
    // Whoever leaves lets the others rebalance, even if it has never joined, as in Apache Kafka.
    if (this.state === "Stable" || this.state === "CompletingRebalance") this.prepareRebalance();
    else this.#completeJoinIfAllHere();
    return true;
  }

  addMember(member: Member, protocolType: string): void {
    if (this.members.size === 0) this.protocolType = protocolType;
    this.pendingMembers.get(member.id)?.cancel();
    this.pendingMembers.delete(member.id);
    this.members.set(member.id, member);
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.id);
    this.leaderId ??= member.id;
    this.#joinedSinceDelay = true;
    this.startSession(member);
  }

  /** (Re)starts the time within which the member must be heard of. */
  startSession(member: Member): void {
    member.session?.cancel();
    member.session = this.#ports.clock.setTimer(member.sessionTimeoutMs, () => {
      // Whoever waits for an answer of ours cannot send heartbeats.
      if (member.pendingJoin !== undefined || member.pendingSync !== undefined) this.startSession(member);
      else this.removeMember(member);
    });
  }

  /** Takes a member out and lets the others rebalance. */
  removeMember(member: Member): void {
    if (this.members.get(member.id) !== member) return;
    this.#forget(member);
    dismiss(member, ErrorCode.UNKNOWN_MEMBER_ID, "");
    switch (this.state) {
      case "Stable":
      case "CompletingRebalance":
        this.prepareRebalance();
        break;
      case "PreparingRebalance":
        this.#completeJoinIfAllHere();
        break;
      case "Empty":
      case "Dead":
        break;
    }
  }

  #forget(member: Member): void {
    member.session?.cancel();
    this.members.delete(member.id);
    if (member.instanceId !== null && this.staticMembers.get(member.instanceId) === member.id) {
      this.staticMembers.delete(member.instanceId);
    }
    if (this.leaderId === member.id) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** Puts `next` in the place of a static member that came back under a new id; the group stays as it is. */
  replaceStaticMember(old: Member, next: Member): void {
    const wasLeader = this.leaderId === old.id;
    this.#forget(old);
    dismiss(old, ErrorCode.FENCED_INSTANCE_ID);
    this.addMember(next, this.protocolType ?? "");
    if (wasLeader) this.leaderId = next.id;
  }

  /** True if the present generation of consumers reads the topic; where that is not known, it may be any. */
  isSubscribed(topic: string): boolean {
    return this.#readTopics?.has(topic) ?? this.protocolType === "consumer";
  }

  /** Keeps what the members of this generation read: who comes later counts from the next one on. */
  noteSubscriptions(): void {
    const all = [...this.members.values()].map((member) =>
      subscribedTopics(metadataOf(member, this.protocol)),
    );
    const known = all.filter((topics) => topics !== undefined);
    const isKnown = this.protocolType === "consumer" && known.length === all.length;
    this.#readTopics = isKnown ? new Set(known.flat()) : undefined;
  }

  /** Goes on where the members were under the new protocol: in this generation, and with a rebalance where it must be. */
  resume(generationId: number, mustRebalance: boolean): void {
    this.generationId = generationId;
    this.protocol = chooseProtocol([...this.members.values()]) ?? null;
    this.noteSubscriptions();
    this.state = "Stable";
    if (mustRebalance) this.prepareRebalance();
    else this.#ports.onSettled(this);
  }

  prepareRebalance(): void {
    if (this.state === "PreparingRebalance") {
      this.#completeJoinIfAllHere();
      return;
    }
    if (this.state === "Dead") return;
    for (const member of this.members.values()) {
      member.assignment = this.state === "CompletingRebalance" ? EMPTY : member.assignment;
      member.pendingSync?.(syncError(ErrorCode.REBALANCE_IN_PROGRESS));
      member.pendingSync = undefined;
    }
    this.#syncTimer?.cancel();
    const isFirst = this.state === "Empty";
    this.state = "PreparingRebalance";
    if (isFirst) this.#waitForFirstMembers();
    else this.#waitForMembers();
  }

  /**
   * A new group waits a little for more members, so that it does not rebalance for each that comes. A delay of nothing
   * still lets in who comes in the same moment; whoever has only been told its id is not waited for.
   */
  #waitForFirstMembers(remainingMs = this.#rebalanceTimeoutMs()): void {
    const delayMs = Math.min(this.#ports.initialRebalanceDelayMs, remainingMs);
    this.#initialRemainingMs = remainingMs - delayMs;
    this.#joinedSinceDelay = false;
    this.#joinTimer?.cancel();
    this.#joinTimer = this.#ports.clock.setTimer(delayMs, () => {
      const rest = this.#initialRemainingMs ?? 0;
      if (this.#joinedSinceDelay && rest > 0) return this.#waitForFirstMembers(rest);
      this.#initialRemainingMs = undefined;
      this.#completeJoin();
    });
  }

  #waitForMembers(): void {
    this.#joinTimer?.cancel();
    this.#joinTimer = this.#ports.clock.setTimer(this.#rebalanceTimeoutMs(), () => this.#completeJoin());
    this.#completeJoinIfAllHere();
  }

  #rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs));
  }

  #completeJoinIfAllHere(): void {
    if (this.state !== "PreparingRebalance" || this.#initialRemainingMs !== undefined) return;
    if (this.pendingMembers.size > 0) return;
    for (const member of this.members.values()) if (member.pendingJoin === undefined) return;
    this.#completeJoin();
  }

  /** Forms the next generation of those who have joined. */
  #completeJoin(): void {
    if (this.state !== "PreparingRebalance") return;
    this.#joinTimer?.cancel();
    for (const member of [...this.members.values()]) {
      if (member.pendingJoin === undefined && member.instanceId === null) this.#forget(member);
    }
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId);
    const joined = [...this.members.values()].filter((member) => member.pendingJoin !== undefined);
    if (this.members.size > 0 && joined.length === 0) {
      this.#waitForMembers();
      return;
    }
    if (leader?.pendingJoin === undefined) this.leaderId = joined[0]?.id ?? null;
    this.generationId++;
    const members = [...this.members.values()];
    this.protocol = chooseProtocol(members) ?? null;
    this.noteSubscriptions();
    if (members.length === 0) {
      this.#becomeEmpty();
      return;
    }
    this.state = "CompletingRebalance";
    for (const member of joined) {
      this.startSession(member);
      const answer = member.pendingJoin;
      member.pendingJoin = undefined;
      answer?.(this.joinResult(member));
    }
    this.#expectSyncs(joined);
  }

  #becomeEmpty(): void {
    this.state = "Empty";
    this.protocol = null;
    this.emptySinceMs = this.#ports.clock.nowMs();
    this.#ports.onSettled(this);
  }

  /** Whoever joined but does not come for its assignment is put out. */
  #expectSyncs(joined: readonly Member[]): void {
    const missing = new Set(joined);
    this.#missingSyncs = missing;
    this.#syncTimer?.cancel();
    this.#syncTimer = this.#ports.clock.setTimer(this.#rebalanceTimeoutMs(), () => {
      const late = [...missing].filter((member) => this.members.get(member.id) === member);
      if (late.length === 0) return;
      for (const member of late) this.#forget(member);
      this.prepareRebalance();
    });
  }
  #missingSyncs = new Set<Member>();

  joinResult(member: Member, skipAssignment = false): JoinResult {
    const isLeader = member.id === this.leaderId;
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocol,
      leader: this.leaderId ?? "",
      memberId: member.id,
      skipAssignment,
      members: isLeader
        ? [...this.members.values()].map((other) => ({
            memberId: other.id,
            groupInstanceId: other.instanceId,
            metadata: metadataOf(other, this.protocol),
          }))
        : [],
    };
  }

  /** A member comes for its assignment; the leader brings everybody's. */
  sync(member: Member, assignments: ReadonlyMap<string, Buffer>, answer: (result: SyncResult) => void): void {
    this.#missingSyncs.delete(member);
    if (this.state === "Stable") {
      answer(this.syncResult(member));
      return;
    }
    member.pendingSync = answer;
    if (member.id !== this.leaderId) return;
    for (const other of this.members.values()) other.assignment = assignments.get(other.id) ?? EMPTY;
    this.state = "Stable";
    this.#ports.onSettled(this);
    for (const other of this.members.values()) {
      const pending = other.pendingSync;
      other.pendingSync = undefined;
      if (pending === undefined) continue;
      this.startSession(other);
      pending(this.syncResult(other));
    }
  }

  syncResult(member: Member): SyncResult {
    const { protocolType, protocol: protocolName } = this;
    return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment: member.assignment };
  }

  /** Ends the group: timers are stopped and whoever waits is told to look again. */
  die(errorCode: ErrorCode = ErrorCode.COORDINATOR_NOT_AVAILABLE): void {
    this.state = "Dead";
    this.#joinTimer?.cancel();
    this.#syncTimer?.cancel();
    for (const timer of this.pendingMembers.values()) timer.cancel();
    for (const member of this.members.values()) {
      member.session?.cancel();
      dismiss(member, errorCode);
    }
  }
}
