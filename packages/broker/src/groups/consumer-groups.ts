import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "../clock.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import type { Journal, JournalEntry } from "../storage/journal.ts";
import { type CommitClaim, commitError } from "./consumer-commit.ts";
import {
  AWAY_EPOCH,
  type ConsumerGroup,
  type ConsumerMember,
  staticMember,
  type TopicDirectory,
} from "./consumer-group.ts";
import { type ConsumerHeartbeat, consumerHeartbeat, type HeartbeatResult } from "./consumer-heartbeat.ts";
import { type Refusal, refused } from "./group-admission.ts";
import type { GroupConfigs } from "./group-config.ts";
import type { JoinRequest, MemberClaim } from "./join-request.ts";
import { type JoinResult, joinError, type SyncResult, syncError } from "./member.ts";
import {
  CONSUMER_TYPE,
  classicAssignment,
  classicJoin,
  classicMember,
  isOnlyClassic,
  mustRejoin,
} from "./mixed-group.ts";
import { type PartitionMap, withoutEpochs } from "./partition-map.ts";
import { consumerGroupChanges, restoredConsumerGroups } from "./saved-consumer-group.ts";
import { type GroupRules, removeMember } from "./target-assignment.ts";
import { TopicMatches } from "./topic-matches.ts";
import { InvalidPattern } from "./topic-pattern.ts";

export interface ConsumerGroupPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly topics: TopicDirectory & { readonly revision: number };
  readonly configs: GroupConfigs;
  readonly defaultAssignor: string;
  readonly maxMembers: number;
  /** Whether a member may know of a topic that its pattern matches. */
  readonly maySee: (member: ConsumerMember, topic: string) => boolean;
  readonly onFailure: (error: unknown, groupId: string) => void;
  /** Whether a group goes back to the classic protocol when only members of that one are left. */
  readonly mayDowngrade: boolean;
  /**
   * Called when only members of the classic protocol are left in a group. Where one has gone, the others must share
   * what it had; where one has taken over from another, they go on as they are.
   */
  readonly onOnlyClassic: (group: ConsumerGroup, mustRebalance: boolean) => void;
}

export type HeartbeatAnswer =
  | Refusal
  | {
      readonly kind: "served";
      readonly memberId: string;
      readonly memberEpoch: number;
      readonly heartbeatIntervalMs: number;
      readonly assignment: PartitionMap | null;
    };

interface Entry {
  group: ConsumerGroup;
  seenRevision: number;
  emptySinceMs: number;
  readonly sessions: Map<string, Timer>;
  readonly revocations: Map<string, { readonly epoch: number; readonly timer: Timer }>;
  /** Resolves when the last change may be told. */
  durable: Promise<void>;
}

/** The groups of the new protocol: their time, their disk, and the steps that the rules say. */
export class ConsumerGroups {
  readonly #ports: ConsumerGroupPorts;
  readonly #entries = new Map<string, Entry>();
  readonly #matches: TopicMatches;

  constructor(ports: ConsumerGroupPorts) {
    this.#ports = ports;
    this.#matches = new TopicMatches(ports.topics);
    for (const { group, emptySinceMs } of restoredConsumerGroups(ports.journal.entries())) {
      const entry = this.#opened(group);
      entry.emptySinceMs = emptySinceMs;
      this.#entries.set(group.id, entry);
      for (const member of group.members.values()) this.#watch(entry, member);
    }
  }

  get(groupId: string): ConsumerGroup | undefined {
    return this.#entries.get(groupId)?.group;
  }

  all(): ConsumerGroup[] {
    return [...this.#entries.values()].map(({ group }) => group);
  }

  emptySinceMs(groupId: string): number {
    return this.#entries.get(groupId)?.emptySinceMs ?? 0;
  }

  #opened(group: ConsumerGroup): Entry {
    return {
      group,
      // What happened to topics while nobody looked is found at the first heartbeat.
      seenRevision: -1,
      emptySinceMs: this.#ports.clock.nowMs(),
      sessions: new Map(),
      revocations: new Map(),
      durable: Promise.resolve(),
    };
  }

  /** What the rules may look at for a group that was last looked at in the given state of the topics. */
  #rules(seenRevision: number): GroupRules {
    const { topics, defaultAssignor, maxMembers, maySee } = this.#ports;
    return {
      topics,
      defaultAssignor,
      maxMembers,
      haveTopicsChanged: seenRevision !== topics.revision,
      matching: (member) => this.#matches.names(member.topicPattern).filter((name) => maySee(member, name)),
    };
  }

  #patterns(groupId: string): Set<string> {
    const patterns = new Set<string>();
    for (const { topicPattern } of this.get(groupId)?.members.values() ?? []) patterns.add(topicPattern);
    patterns.delete("");
    return patterns;
  }

  /**
   * Looks up what the patterns of a group's members match, and that of a request, before a step asks for it.
   * Undefined where there is nothing to look up; resolves with a refusal where the request's pattern is none.
   */
  prepare(groupId: string, pattern: string | null): Promise<Refusal | undefined> | undefined {
    const patterns = this.#patterns(groupId);
    if (pattern !== null && pattern !== "") patterns.add(pattern);
    const open = [...patterns].filter((one) => !this.#matches.isCurrent(one));
    return open.length === 0 ? undefined : this.#lookUp(open);
  }

  async #lookUp(patterns: readonly string[]): Promise<Refusal | undefined> {
    try {
      for (const pattern of patterns) await this.#matches.lookUp(pattern);
      return undefined;
    } catch (error) {
      if (!(error instanceof InvalidPattern)) throw error;
      const message = `The pattern for topics cannot be used: ${error.message}.`;
      return refused(ErrorCode.INVALID_REGULAR_EXPRESSION, message);
    }
  }

  /** The state of the topics that a step has seen: none, if a pattern was looked up in another one. */
  #seenRevision(groupId: string): number {
    const isCurrent = [...this.#patterns(groupId)].every((pattern) => this.#matches.isCurrent(pattern));
    return isCurrent ? this.#ports.topics.revision : -1;
  }

  /** Serves one heartbeat, which was prepared; the answer waits until what it says is on the disk. */
  async heartbeat(groupId: string, beat: ConsumerHeartbeat): Promise<HeartbeatAnswer> {
    const named = beat.memberId === "" ? { ...beat, memberId: randomUUID() } : beat;
    const known = this.#entries.get(groupId);
    const rules = this.#rules(known?.seenRevision ?? -1);
    const result = consumerHeartbeat(known?.group, groupId, named, rules);
    if (result.kind === "refused") return result;
    try {
      const entry = known ?? this.#opened(result.group);
      this.#apply(entry, known?.group, result.group);
      this.#entries.set(groupId, entry);
      entry.seenRevision = this.#seenRevision(groupId);
      if (result.kind === "member") this.#watch(entry, result.member);
      else if (result.isAway) this.#stopRevocation(entry, result.memberId);
      else this.#downgradeIfOnlyClassic(entry);
      await entry.durable;
    } catch (error) {
      this.#ports.onFailure(error, groupId);
      return refused(ErrorCode.COORDINATOR_NOT_AVAILABLE, "The group cannot be written down.");
    }
    return this.#answer(groupId, named, result);
  }

  #answer(
    groupId: string,
    beat: ConsumerHeartbeat,
    result: Exclude<HeartbeatResult, Refusal>,
  ): HeartbeatAnswer {
    if (result.kind === "left") {
      const { memberId, memberEpoch } = beat;
      return { kind: "served", memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null };
    }
    return {
      kind: "served",
      memberId: result.member.id,
      memberEpoch: result.member.epoch,
      heartbeatIntervalMs: this.#ports.configs.heartbeatIntervalMs(groupId),
      assignment: result.assignment,
    };
  }

  /** Puts the next state of a group in the place of the present one, on the disk first. */
  #apply(entry: Entry, before: ConsumerGroup | undefined, after: ConsumerGroup): void {
    const becomesEmpty = after.members.size === 0 && before?.members.size !== 0;
    const emptySinceMs = becomesEmpty ? this.#ports.clock.nowMs() : entry.emptySinceMs;
    const changes = consumerGroupChanges(before, after, emptySinceMs);
    if (changes.length > 0) {
      this.#ports.journal.put(changes);
      entry.durable = this.#ports.journal.flush();
      // Whoever waits for it is told; nobody may.
      entry.durable.catch(() => {});
    }
    entry.group = after;
    entry.emptySinceMs = emptySinceMs;
    for (const id of entry.sessions.keys()) if (!after.members.has(id)) this.#forget(entry, id);
  }

  /** Takes over a group of the classic protocol; `gone` is what the journal has of it so far. */
  adopt(group: ConsumerGroup, gone: JournalEntry): void {
    const entry = this.#opened(group);
    this.#ports.journal.put([gone, ...consumerGroupChanges(undefined, group, entry.emptySinceMs)]);
    this.#entries.set(group.id, entry);
    for (const member of group.members.values()) this.#watch(entry, member);
  }

  /** Goes back to the classic protocol once nobody speaks another. */
  #downgradeIfOnlyClassic({ group }: Entry): void {
    if (this.#ports.mayDowngrade && isOnlyClassic(group)) this.#ports.onOnlyClassic(group, true);
  }

  /** A JoinGroup of a classic member, which was prepared; the member knows its id. */
  async join(request: JoinRequest, isUnnamed: boolean): Promise<JoinResult> {
    const entry = this.#entries.get(request.groupId);
    if (entry === undefined) return joinError(ErrorCode.UNKNOWN_MEMBER_ID, request.memberId);
    const { mayDowngrade, onOnlyClassic } = this.#ports;
    const options = { isUnnamed, mayGoBack: mayDowngrade };
    const result = classicJoin(entry.group, request, this.#rules(entry.seenRevision), options);
    if (result.kind === "refused") return joinError(result.errorCode);
    const { group, member, goesBack, isStale } = result;
    try {
      this.#apply(entry, entry.group, group);
      entry.seenRevision = this.#seenRevision(group.id);
      this.#watch(entry, member);
      if (goesBack) onOnlyClassic(group, isStale);
      await entry.durable;
    } catch (error) {
      this.#ports.onFailure(error, group.id);
      return joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE, request.memberId);
    }
    return {
      ...joinError(ErrorCode.NONE, member.id),
      generationId: member.epoch,
      protocolType: CONSUMER_TYPE,
      protocolName: request.protocols[0]?.name ?? null,
    };
  }

  /** A SyncGroup of a classic member: what the broker has assigned, whatever the members bring. */
  sync(
    groupId: string,
    claim: MemberClaim,
    protocol: { readonly type: string | null; readonly name: string | null },
  ): SyncResult {
    const entry = this.#entries.get(groupId);
    const member = entry === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : classicMember(entry.group, claim);
    if (entry === undefined || typeof member === "number") {
      return syncError(typeof member === "number" ? member : ErrorCode.UNKNOWN_MEMBER_ID);
    }
    const protocols = member.classic?.protocols ?? [];
    const protocolName = protocols[0]?.name ?? null;
    const typeDiffers = protocol.type !== null && protocol.type !== CONSUMER_TYPE;
    if (typeDiffers || (protocol.name !== null && protocol.name !== protocolName)) {
      return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    if (entry.group.epoch > member.epoch && member.progress !== "revoking") {
      this.#awaitJoin(entry, member);
      return syncError(ErrorCode.REBALANCE_IN_PROGRESS);
    }
    this.#watch(entry, member);
    const assignment = classicAssignment(withoutEpochs(member.assigned), protocols, this.#ports.topics);
    return { errorCode: ErrorCode.NONE, protocolType: CONSUMER_TYPE, protocolName, assignment };
  }

  /** A Heartbeat of a classic member. */
  classicHeartbeat(groupId: string, claim: MemberClaim): ErrorCode {
    const entry = this.#entries.get(groupId);
    if (entry === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const member = classicMember(entry.group, claim);
    if (typeof member === "number") return member;
    this.#startSession(entry, member);
    if (!mustRejoin(entry.group, member)) return ErrorCode.NONE;
    this.#awaitJoin(entry, member);
    return ErrorCode.REBALANCE_IN_PROGRESS;
  }

  /** A classic member that was told to join again is put out if it does not. */
  #awaitJoin(entry: Entry, { id, epoch, rebalanceTimeoutMs }: ConsumerMember): void {
    if (entry.revocations.has(id)) return;
    const timer = this.#ports.clock.setTimer(Math.max(0, rebalanceTimeoutMs), () => this.#putOut(entry, id));
    entry.revocations.set(id, { epoch, timer });
  }

  #forget(entry: Entry, memberId: string): void {
    entry.sessions.get(memberId)?.cancel();
    entry.sessions.delete(memberId);
    this.#stopRevocation(entry, memberId);
  }

  #stopRevocation(entry: Entry, memberId: string): void {
    entry.revocations.get(memberId)?.timer.cancel();
    entry.revocations.delete(memberId);
  }

  /** Begins a member's time anew: to be heard of, and to give up what it was told to give up. */
  #watch(entry: Entry, member: ConsumerMember): void {
    const { clock } = this.#ports;
    const { id, epoch, progress } = member;
    this.#startSession(entry, member);
    const watched = entry.revocations.get(id);
    if (progress === "revoking" && watched?.epoch === epoch) return;
    this.#stopRevocation(entry, id);
    if (progress !== "revoking" || epoch === AWAY_EPOCH) return;
    const timer = clock.setTimer(Math.max(0, member.rebalanceTimeoutMs), () => this.#putOut(entry, id));
    entry.revocations.set(id, { epoch, timer });
  }

  #startSession(entry: Entry, { id, classic }: ConsumerMember): void {
    const { clock, configs } = this.#ports;
    entry.sessions.get(id)?.cancel();
    const sessionMs = classic?.sessionTimeoutMs ?? configs.sessionTimeoutMs(entry.group.id);
    entry.sessions.set(
      id,
      clock.setTimer(sessionMs, () => this.#putOut(entry, id)),
    );
  }

  /** Takes out a member that was silent, or held on to partitions, for too long. */
  #putOut(entry: Entry, memberId: string): void {
    const rest = removeMember(entry.group, memberId, this.#rules(-1));
    try {
      if (this.#entries.get(entry.group.id) !== entry) return;
      this.#apply(entry, entry.group, rest);
      this.#downgradeIfOnlyClassic(entry);
    } catch (error) {
      this.#ports.onFailure(error, entry.group.id);
      // It stays in the group until that can be written down.
      const member = entry.group.members.get(memberId);
      if (member !== undefined) this.#watch(entry, member);
    }
  }

  /** Takes out a member that a LeaveGroup names, by its id, by the name of its instance, or by both. */
  async leave(groupId: string, memberId: string, instanceId: string | null): Promise<ErrorCode> {
    const entry = this.#entries.get(groupId);
    if (entry === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    const { group } = entry;
    const member = instanceId === null ? group.members.get(memberId) : staticMember(group, instanceId);
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (memberId !== "" && member.id !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    this.#apply(entry, group, removeMember(group, member.id, this.#rules(-1)));
    this.#downgradeIfOnlyClassic(entry);
    await entry.durable;
    return ErrorCode.NONE;
  }

  /** Whether a member's commit is allowed: of its epoch, or of one before in which it had the partitions. */
  commitError(groupId: string, claim: CommitClaim): ErrorCode {
    const group = this.get(groupId);
    return group === undefined ? ErrorCode.GROUP_ID_NOT_FOUND : commitError(group, claim);
  }

  isSubscribed(groupId: string, topicName: string): boolean {
    const group = this.get(groupId);
    const topic = this.#ports.topics.get(topicName);
    if (group === undefined || topic === undefined) return false;
    return group.topics.has(topic.id);
  }

  /** Forgets a group, which `write` brings to the journal; its offsets are not this one's to forget. */
  remove(
    groupId: string,
    write: (entries: readonly JournalEntry[]) => void = (entries) => this.#ports.journal.put(entries),
  ): void {
    const entry = this.#entries.get(groupId);
    if (entry === undefined) return;
    write(consumerGroupChanges(entry.group, undefined, entry.emptySinceMs));
    for (const id of [...entry.sessions.keys()]) this.#forget(entry, id);
    this.#entries.delete(groupId);
  }

  close(): void {
    for (const entry of this.#entries.values()) {
      for (const id of [...entry.sessions.keys()]) this.#forget(entry, id);
    }
  }
}
