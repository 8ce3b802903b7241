import type { Clock } from "../clock.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import type { Journal, JournalEntry } from "../storage/journal.ts";
import { fetchError, partitionCommitError } from "./consumer-commit.ts";
import type { ConsumerMember, TopicDirectory } from "./consumer-group.ts";
import { ConsumerGroups, type HeartbeatAnswer } from "./consumer-groups.ts";
import type { ConsumerHeartbeat } from "./consumer-heartbeat.ts";
import { Group } from "./group.ts";
import { admit, type Refusal, refused } from "./group-admission.ts";
import { GroupConfigs } from "./group-config.ts";
import type { GroupSettings } from "./group-settings.ts";
import { type JoinRequest, type MemberClaim, newMember, newMemberId } from "./join-request.ts";
import {
  dismiss,
  type JoinResult,
  joinError,
  type Member,
  type SyncResult,
  sameProtocols,
  syncError,
} from "./member.ts";
import { CONSUMER_TYPE, fromClassicGroup, intoClassicGroup, joinRefusal } from "./mixed-group.ts";
import { OffsetStore } from "./offset-store.ts";
import { restoreGroup, savedGroup } from "./saved-group.ts";

export interface GroupPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly topics: TopicDirectory & { readonly revision: number };
  readonly settings: GroupSettings;
  readonly maySee: (member: ConsumerMember, topic: string) => boolean;
  readonly onFailure: (error: unknown, groupId: string) => void;
}

const KIND = "group";

/** All groups of the broker: who is in them, and what they have committed. */
export class GroupCoordinator {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #onFailure: (error: unknown, groupId: string) => void;
  readonly settings: GroupSettings;
  readonly offsets: OffsetStore;
  readonly configs: GroupConfigs;
  /** The groups of the new protocol; a group is of one kind at a time. */
  readonly consumers: ConsumerGroups;
  readonly #topics: TopicDirectory;
  readonly #groups = new Map<string, Group>();
  /** Told of a classic group that was written down, and of one that is gone. */
  onSettled: (group: Group) => void = () => {};
  onGone: (groupId: string) => void = () => {};

  constructor(ports: GroupPorts) {
    this.#topics = ports.topics;
    const { clock, journal, settings, onFailure } = ports;
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#journal = journal;
    this.settings = settings;
    this.offsets = new OffsetStore(journal);
    this.configs = new GroupConfigs(journal, settings.consumer);
    const { maxMembers, defaultAssignor, migration } = settings.consumer;
    this.consumers = new ConsumerGroups({
      ...ports,
      configs: this.configs,
      maxMembers,
      defaultAssignor,
      mayDowngrade: migration === "bidirectional" || migration === "downgrade",
      onOnlyClassic: (group, mustRebalance) => {
        this.consumers.remove(group.id);
        intoClassicGroup(group, this.#groupFor(group.id), ports.topics, mustRebalance);
      },
    });
    for (const id of this.offsets.groups()) this.ensure(id);
    for (const { key, value } of journal.entries()) {
      const [kind, id] = JSON.parse(key) as [string, string];
      if (kind === KIND) restoreGroup(this.#groupFor(id), value);
    }
  }

  /** Resolves when everything committed so far may be acknowledged. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  all(): Group[] {
    return [...this.#groups.values()];
  }

  #groupFor(id: string): Group {
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = new Group(id, {
        clock: this.#clock,
        initialRebalanceDelayMs: this.settings.initialRebalanceDelayMs,
        onSettled: (settled) => this.#save(settled),
      });
      this.#groups.set(id, group);
    }
    return group;
  }

  /** A group that cannot be written down goes on; after a restart its members would have to join again. */
  #save(group: Group): void {
    try {
      this.#journal.put([{ key: JSON.stringify([KIND, group.id]), value: savedGroup(group) }]);
      this.onSettled(group);
    } catch (error) {
      this.#onFailure(error, group.id);
    }
  }

  join(request: JoinRequest): Promise<JoinResult> {
    const { promise, resolve } = Promise.withResolvers<JoinResult>();
    this.#join(request, resolve);
    return promise;
  }

  #join(request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { groupId, memberId, sessionTimeoutMs } = request;
    const { minSessionTimeoutMs, maxSessionTimeoutMs, maxMembers } = this.settings;
    if (groupId === "") {
      answer(joinError(ErrorCode.INVALID_GROUP_ID, memberId));
      return;
    }
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      answer(joinError(ErrorCode.INVALID_SESSION_TIMEOUT, memberId));
      return;
    }
    const consumers = this.consumers.get(groupId);
    if (consumers !== undefined && consumers.members.size > 0) {
      const refusal = joinRefusal(consumers, request, this.settings.consumer.maxMembers);
      if (refusal !== ErrorCode.NONE) answer(joinError(refusal));
      else this.#joinConsumers(request, answer);
      return;
    }
    if (memberId !== "" && !this.#groups.has(groupId)) {
      answer(joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
      return;
    }
    const isUnsupported =
      request.protocolType === "" ||
      request.protocols.length === 0 ||
      this.#groups.get(groupId)?.supportsProtocols(
        request.protocolType,
        request.protocols.map(({ name }) => name),
      ) === false;
    if (isUnsupported) {
      // Whoever asks for a new group gets it, though not a place in it.
      if (memberId === "" && consumers === undefined) this.#groupFor(groupId);
      answer(joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId));
      return;
    }
    if (!this.#becomeClassic(groupId)) {
      answer(joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId));
      return;
    }
    const group = this.#groupFor(groupId);
    if (!group.members.has(memberId) && group.members.size >= maxMembers) {
      answer(joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, memberId));
      return;
    }
    if (memberId === "") this.#joinAsNew(group, request, answer);
    else this.#joinAgain(group, request, answer);
  }

  /** A group of the new kind that nobody is in becomes a classic one; false where that cannot be written down. */
  #becomeClassic(groupId: string): boolean {
    try {
      this.consumers.remove(groupId);
      return true;
    } catch (error) {
      this.#onFailure(error, groupId);
      return false;
    }
  }

  /** A member of the classic protocol joins a group in which others speak the new one. */
  #joinConsumers(request: JoinRequest, answer: (result: JoinResult) => void): void {
    const isUnnamed = request.memberId === "";
    const memberId = isUnnamed ? newMemberId(request) : request.memberId;
    if (isUnnamed && request.groupInstanceId === null && request.requireKnownMemberId) {
      answer(joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId));
      return;
    }
    const preparing = this.consumers.prepare(request.groupId, null) ?? Promise.resolve();
    const join = () => this.consumers.join({ ...request, memberId }, isUnnamed);
    preparing.then(join).then(answer, (error: unknown) => {
      this.#onFailure(error, request.groupId);
      answer(joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId));
    });
  }

  #joinAsNew(group: Group, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { groupInstanceId } = request;
    const id = newMemberId(request);
    if (groupInstanceId === null) {
      if (!request.requireKnownMemberId) {
        this.#addMember(group, id, request, answer);
        return;
      }
      group.addPendingMember(id, request.sessionTimeoutMs);
      answer(joinError(ErrorCode.MEMBER_ID_REQUIRED, id));
      return;
    }
    const old = group.members.get(group.staticMembers.get(groupInstanceId) ?? "");
    if (old === undefined) {
      this.#addMember(group, id, request, answer);
      return;
    }
    const member = newMember(id, request);
    member.assignment = old.assignment;
    const unchanged = sameProtocols(old.protocols, request.protocols);
    const wasLeader = group.leaderId === old.id;
    group.replaceStaticMember(old, member);
    if (group.state === "Stable" && unchanged) {
      // The one that came back keeps its place. An old client that led would assign again if it were told that
      // it leads, so it is shown the former leader's id, as Kafka does.
      const result = group.joinResult(member, request.supportsSkippingAssignment && wasLeader);
      if (!wasLeader || request.supportsSkippingAssignment) {
        answer(result);
        return;
      }
      answer({ ...result, leader: old.id, members: [] });
      return;
    }
    member.pendingJoin = answer;
    group.prepareRebalance();
  }

  #addMember(group: Group, id: string, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const member = newMember(id, request);
    member.pendingJoin = answer;
    group.addMember(member, request.protocolType);
    group.prepareRebalance();
  }

  #joinAgain(group: Group, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { memberId, groupInstanceId } = request;
    if (group.pendingMembers.has(memberId)) {
      // Instances get no id before they join: Apache Kafka stumbles over one that has.
      if (groupInstanceId !== null) {
        answer(joinError(ErrorCode.UNKNOWN_SERVER_ERROR, ""));
        return;
      }
      this.#addMember(group, memberId, request, answer);
      return;
    }
    const claim = this.#claimError(group, memberId, groupInstanceId);
    if (claim !== ErrorCode.NONE) {
      answer(joinError(claim, memberId));
      return;
    }
    const member = group.members.get(memberId);
    if (member === undefined) {
      answer(joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
      return;
    }
    const unchanged = sameProtocols(member.protocols, request.protocols);
    const isLeader = group.leaderId === memberId;
    const mayStay = group.state === "CompletingRebalance" || (group.state === "Stable" && !isLeader);
    if (unchanged && mayStay) {
      group.startSession(member);
      answer(group.joinResult(member));
      return;
    }
    // Apache Kafka forgets a JoinGroup that another connection overtakes: its client has given up waiting. On the same
    // connection it would keep the answers behind it from being sent.
    if (member.joinedOn !== request.connection) member.pendingJoin = undefined;
    dismiss(member, ErrorCode.REBALANCE_IN_PROGRESS);
    member.joinedOn = request.connection;
    member.protocols = request.protocols;
    member.sessionTimeoutMs = request.sessionTimeoutMs;
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    member.clientId = request.clientId;
    member.clientHost = request.clientHost;
    member.pendingJoin = answer;
    group.startSession(member);
    group.prepareRebalance();
  }

  /** Whether a member id, and the instance id where there is one, belong to a present member. */
  #claimError(group: Group, memberId: string, instanceId: string | null): ErrorCode {
    if (instanceId !== null) {
      const current = group.staticMembers.get(instanceId);
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  #memberOf(groupId: string, claim: MemberClaim): { group: Group; member: Member } | ErrorCode {
    if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
    const group = this.#groups.get(groupId);
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const error = this.#claimError(group, claim.memberId, claim.groupInstanceId);
    if (error !== ErrorCode.NONE) return error;
    const member = group.members.get(claim.memberId);
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    return claim.generationId === group.generationId ? { group, member } : ErrorCode.ILLEGAL_GENERATION;
  }

  sync(
    groupId: string,
    claim: MemberClaim,
    protocol: { readonly type: string | null; readonly name: string | null },
    assignments: ReadonlyMap<string, Buffer>,
  ): Promise<SyncResult> {
    if (this.consumers.get(groupId) !== undefined) {
      return Promise.resolve(this.consumers.sync(groupId, claim, protocol));
    }
    const found = this.#memberOf(groupId, claim);
    if (typeof found === "number") return Promise.resolve(syncError(found));
    const { group, member } = found;
    const typeDiffers = protocol.type !== null && protocol.type !== group.protocolType;
    const nameDiffers = protocol.name !== null && protocol.name !== group.protocol;
    if (typeDiffers || nameDiffers) return Promise.resolve(syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
    if (group.state === "PreparingRebalance")
      return Promise.resolve(syncError(ErrorCode.REBALANCE_IN_PROGRESS));
    const { promise, resolve } = Promise.withResolvers<SyncResult>();
    group.startSession(member);
    group.sync(member, assignments, resolve);
    return promise;
  }

  heartbeat(groupId: string, claim: MemberClaim): ErrorCode {
    if (this.consumers.get(groupId) !== undefined) return this.consumers.classicHeartbeat(groupId, claim);
    const found = this.#memberOf(groupId, claim);
    if (typeof found === "number") return found;
    found.member.session?.restart();
    return found.group.state === "PreparingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** Takes a member out; the answer waits until that is on the disk where the group is of the new protocol. */
  async leave(groupId: string, memberId: string, instanceId: string | null): Promise<ErrorCode> {
    if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
    if (this.consumers.get(groupId) !== undefined) return this.#leaveConsumers(groupId, memberId, instanceId);
    const group = this.#groups.get(groupId);
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (group.removePendingMember(memberId)) return ErrorCode.NONE;
    const current = instanceId === null ? memberId : group.staticMembers.get(instanceId);
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (instanceId !== null && memberId !== "" && memberId !== current) return ErrorCode.FENCED_INSTANCE_ID;
    const member = group.members.get(current);
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    group.removeMember(member);
    return ErrorCode.NONE;
  }

  async #leaveConsumers(groupId: string, memberId: string, instanceId: string | null): Promise<ErrorCode> {
    try {
      return await this.consumers.leave(groupId, memberId, instanceId);
    } catch (error) {
      this.#onFailure(error, groupId);
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
  }

  /** Whether a commit of this origin is allowed; a group that nobody is in takes commits from anyone. */
  commitError(groupId: string, claim: MemberClaim): ErrorCode {
    if (this.consumers.get(groupId) !== undefined) return this.consumers.commitError(groupId, claim);
    const group = this.#groups.get(groupId);
    if (claim.generationId < 0 && (group === undefined || group.state === "Empty")) return ErrorCode.NONE;
    if (group === undefined) return ErrorCode.ILLEGAL_GENERATION;
    const found = this.#memberOf(groupId, claim);
    if (typeof found === "number") return found;
    found.member.session?.restart();
    return group.state === "CompletingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** Whether a member whose commit is allowed may commit for this partition as well. */
  partitionCommitError(groupId: string, claim: MemberClaim, topic: string, partition: number): ErrorCode {
    const consumers = this.consumers.get(groupId);
    if (consumers === undefined) return ErrorCode.NONE;
    return partitionCommitError(consumers, claim, this.#topics.get(topic)?.id ?? "", partition);
  }

  /** Whether a group's offsets may be read by a member with this epoch. */
  fetchError(groupId: string, memberId: string | null, memberEpoch: number): ErrorCode {
    const consumers = this.consumers.get(groupId);
    return consumers === undefined ? ErrorCode.NONE : fetchError(consumers, memberId, memberEpoch);
  }

  /** A group that commits is there from then on, even if nobody has ever joined it. */
  ensure(groupId: string): void {
    if (this.consumers.get(groupId) === undefined) this.#groupFor(groupId);
  }

  /** A heartbeat of the new protocol. A classic group that nobody is in becomes one of the new kind. */
  async consumerHeartbeat(groupId: string, beat: ConsumerHeartbeat): Promise<HeartbeatAnswer> {
    const preparing = this.consumers.prepare(groupId, beat.topicPattern);
    // Without a pattern nothing is waited for, so that heartbeats are served in their order.
    if (preparing !== undefined) {
      const refusal = await preparing;
      if (refusal !== undefined) return refusal;
    }
    try {
      const refusal = this.#becomeConsumers(groupId, beat);
      return refusal ?? this.consumers.heartbeat(groupId, beat);
    } catch (error) {
      this.#onFailure(error, groupId);
      return refused(ErrorCode.COORDINATOR_NOT_AVAILABLE, "The group cannot be written down.");
    }
  }

  /** Turns a classic group into one of the new protocol for a member that joins, or says why it cannot. */
  #becomeConsumers(groupId: string, beat: ConsumerHeartbeat): Refusal | undefined {
    const classic = this.#groups.get(groupId);
    if (classic === undefined) return undefined;
    const isFree = classic.state === "Empty" && classic.members.size === 0;
    const { migration } = this.settings.consumer;
    const mayUpgrade = migration === "bidirectional" || migration === "upgrade";
    const isUpgrade = mayUpgrade && !isFree && beat.memberEpoch === 0;
    if (isUpgrade && classic.protocolType === CONSUMER_TYPE) {
      // Whoever waits for a generation that will not be is told to come again, even if it turns out that it may be.
      for (const member of classic.members.values()) dismiss(member, ErrorCode.REBALANCE_IN_PROGRESS);
    }
    const adopted = isUpgrade ? fromClassicGroup(classic, this.#topics) : ErrorCode.GROUP_ID_NOT_FOUND;
    if (typeof adopted === "object" && adopted.members.size < this.settings.consumer.maxMembers) {
      // For one who is not let in the others need not change.
      const admitted = admit(adopted, beat);
      if (admitted.kind === "refused") return admitted;
      this.consumers.adopt(adopted, { key: JSON.stringify([KIND, groupId]), value: null });
      classic.die(ErrorCode.REBALANCE_IN_PROGRESS);
      this.#groups.delete(groupId);
      return undefined;
    }
    if (adopted === ErrorCode.UNKNOWN_SERVER_ERROR) {
      return refused(adopted, `What the members of group ${groupId} say is not of the consumer protocol.`);
    }
    if (!isFree || beat.memberEpoch !== 0) {
      const message = `Group ${groupId} is not of the consumer protocol.`;
      return refused(ErrorCode.GROUP_ID_NOT_FOUND, message);
    }
    this.#forgetClassic(classic, false);
    return undefined;
  }

  #forgetClassic(group: Group, isDeleted: boolean): void {
    const entries: JournalEntry[] = [{ key: JSON.stringify([KIND, group.id]), value: null }];
    if (isDeleted) this.offsets.removeGroup(group.id, entries);
    else this.#journal.put(entries);
    group.die();
    this.#groups.delete(group.id);
    this.onGone(group.id);
  }

  /** Deletes a group without members, its offsets included. Throws, with everything as it was, where the disk refuses. */
  delete(groupId: string): ErrorCode {
    const consumers = this.consumers.get(groupId);
    if (consumers !== undefined) {
      if (consumers.members.size > 0) return ErrorCode.NON_EMPTY_GROUP;
      this.consumers.remove(groupId, (entries) => this.offsets.removeGroup(groupId, entries));
      return ErrorCode.NONE;
    }
    const group = this.#groups.get(groupId);
    if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    if (group.state !== "Empty" || group.members.size > 0) return ErrorCode.NON_EMPTY_GROUP;
    this.#forgetClassic(group, true);
    return ErrorCode.NONE;
  }

  /** Drops what groups without members committed before `beforeMs`, and the groups that have nothing left. */
  expire(beforeMs: number): void {
    for (const group of this.all()) {
      if (group.state !== "Empty" || group.pendingMembers.size > 0) continue;
      if (group.emptySinceMs > beforeMs && this.offsets.has(group.id)) continue;
      this.offsets.remove(group.id, ({ committedMs }) => committedMs <= beforeMs);
      if (!this.offsets.has(group.id)) this.delete(group.id);
    }
    for (const { id, members } of this.consumers.all()) {
      if (members.size > 0) continue;
      if (this.consumers.emptySinceMs(id) > beforeMs && this.offsets.has(id)) continue;
      this.offsets.remove(id, ({ committedMs }) => committedMs <= beforeMs);
      if (!this.offsets.has(id)) this.delete(id);
    }
  }

  /** True if a present member of a consumer group reads the topic: then its offsets must stay. */
  isSubscribed(groupId: string, topic: string): boolean {
    if (this.consumers.get(groupId) !== undefined) return this.consumers.isSubscribed(groupId, topic);
    return this.#groups.get(groupId)?.isSubscribed(topic) ?? false;
  }

  close(): void {
    this.consumers.close();
    for (const group of this.#groups.values()) group.die();
  }
}
