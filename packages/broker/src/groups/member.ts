import type { Timer } from "../clock.ts";
import type { ErrorCode } from "../protocol/error-code.ts";

export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinResult {
  readonly errorCode: ErrorCode;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly memberId: string;
  readonly skipAssignment: boolean;
  /** For the leader only: everybody's subscription under the chosen protocol. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

export interface SyncResult {
  readonly errorCode: ErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

/** One member of a group, with the answers it is waiting for. */
export interface Member {
  readonly id: string;
  readonly instanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer;
  session: Timer | undefined;
  pendingJoin: ((result: JoinResult) => void) | undefined;
  /** The connection that its last JoinGroup came on, where there was one since the broker started. */
  joinedOn: object | undefined;
  pendingSync: ((result: SyncResult) => void) | undefined;
}

export const EMPTY = Buffer.alloc(0);

export function joinError(errorCode: ErrorCode, memberId = ""): JoinResult {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: "",
    memberId,
    skipAssignment: false,
    members: [],
  };
}

export function syncError(errorCode: ErrorCode): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: EMPTY };
}

/**
 * Answers whoever waits with an error: the member is gone or its join was overtaken. Whoever is gone has no id any
 * more: then `memberId` is empty.
 */
export function dismiss(member: Member, errorCode: ErrorCode, memberId = member.id): void {
  member.pendingJoin?.(joinError(errorCode, memberId));
  member.pendingJoin = undefined;
  member.pendingSync?.(syncError(errorCode));
  member.pendingSync = undefined;
}

export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, index) => {
      const other = b[index];
      return other !== undefined && protocol.name === other.name && protocol.metadata.equals(other.metadata);
    })
  );
}

/** The protocol that all members support and most of them would rather have than the other common ones. */
export function chooseProtocol(members: readonly Member[]): string | undefined {
  const votes = new Map<string, number>();
  for (const member of members) {
    const choice = member.protocols.find(({ name }) => supportedByAll(members, name));
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
  }
  let best: string | undefined;
  for (const [name, count] of votes) if (best === undefined || count > (votes.get(best) ?? 0)) best = name;
  return best;
}

export function supportedByAll(members: readonly Member[], protocol: string): boolean {
  return members.every((member) => member.protocols.some(({ name }) => name === protocol));
}

export function metadataOf(member: Member, protocol: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? EMPTY;
}

/**
 * The topics that a member of protocol type "consumer" subscribes to (ConsumerProtocolSubscription: version,
 * then the topic names); undefined where the bytes are something else.
 */
export function subscribedTopics(metadata: Buffer): string[] | undefined {
  try {
    let at = 2;
    const count = metadata.readInt32BE(at);
    at += 4;
    const topics: string[] = [];
    for (let index = 0; index < count; index++) {
      const length = metadata.readInt16BE(at);
      topics.push(metadata.toString("utf8", at + 2, at + 2 + length));
      at += 2 + length;
    }
    return topics;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
