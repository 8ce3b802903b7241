import { randomUUID } from "node:crypto";
import { EMPTY, type Member, type MemberProtocol } from "./member.ts";

/** A JoinGroup, with what the connection knows of its client. */
export interface JoinRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** What the connection is known by that it came on. */
  readonly connection: object;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** From JoinGroup 4 on a new member is first told its id and must come back with it. */
  readonly requireKnownMemberId: boolean;
  /** From JoinGroup 9 on a returning static leader may be told not to assign anew. */
  readonly supportsSkippingAssignment: boolean;
}

/** Who a request of the classic protocol says that it comes from. */
export interface MemberClaim {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationId: number;
}

/** An id for a member that has none yet. */
export function newMemberId({ groupInstanceId, clientId }: JoinRequest): string {
  return `${groupInstanceId ?? clientId}-${randomUUID()}`;
}

/** A member as its first JoinGroup describes it. */
export function newMember(id: string, request: JoinRequest): Member {
  return {
    id,
    instanceId: request.groupInstanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocols: request.protocols,
    assignment: EMPTY,
    session: undefined,
    pendingJoin: undefined,
    joinedOn: request.connection,
    pendingSync: undefined,
  };
}
