import type { Group } from "./group.ts";

/** A settled group as it stands in the journal. Bytes are base64. */
interface SavedGroup {
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly leaderId: string | null;
  readonly emptySinceMs: number;
  readonly members: readonly {
    readonly id: string;
    readonly instanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly sessionTimeoutMs: number;
    readonly rebalanceTimeoutMs: number;
    readonly protocols: readonly { readonly name: string; readonly metadata: string }[];
    readonly assignment: string;
  }[];
}

export function savedGroup(group: Group): SavedGroup {
  const { generationId, protocolType, protocol, leaderId, emptySinceMs } = group;
  const members = [...group.members.values()].map((member) => ({
    id: member.id,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    sessionTimeoutMs: member.sessionTimeoutMs,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    protocols: member.protocols.map(({ name, metadata }) => ({
      name,
      metadata: metadata.toString("base64"),
    })),
    assignment: member.assignment.toString("base64"),
  }));
  return { generationId, protocolType, protocol, leaderId, emptySinceMs, members };
}

/** Brings a group back after a restart: its members go on in the same generation if they are heard of in time. */
export function restoreGroup(group: Group, value: unknown): void {
  const saved = value as SavedGroup;
  group.generationId = saved.generationId;
  group.emptySinceMs = saved.emptySinceMs;
  for (const { protocols, assignment, ...rest } of saved.members) {
    group.addMember(
      {
        ...rest,
        protocols: protocols.map(({ name, metadata }) => ({
          name,
          metadata: Buffer.from(metadata, "base64"),
        })),
        assignment: Buffer.from(assignment, "base64"),
        session: undefined,
        pendingJoin: undefined,
        joinedOn: undefined,
        pendingSync: undefined,
      },
      saved.protocolType ?? "",
    );
  }
  group.protocolType = saved.protocolType;
  group.protocol = saved.protocol;
  group.noteSubscriptions();
  group.leaderId = saved.leaderId;
  group.state = saved.members.length > 0 ? "Stable" : "Empty";
}
