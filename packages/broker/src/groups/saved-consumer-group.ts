import type { JournalEntry } from "../storage/journal.ts";
import { type ConsumerGroup, type ConsumerMember, consumerGroupOf, targetOf } from "./consumer-group.ts";
import {
  type HeldPartitions,
  heldPartitions,
  heldPartitionsOf,
  type PartitionMap,
  samePartitions,
} from "./partition-map.ts";

/** A group and each of its members have a journal entry of their own: a step writes only what it changes. */
const GROUP = "consumer-group";
const MEMBER = "consumer-member";

interface SavedGroup {
  readonly epoch: number;
  readonly assignmentEpoch: number;
  readonly topics: readonly (readonly [string, number])[];
  /** Since when nobody has been in it; of no meaning while somebody is. */
  readonly emptySinceMs: number;
}

type SavedHoldings = readonly (readonly [topicId: string, partition: number, epoch: number])[];

interface SavedMember extends Omit<ConsumerMember, "assigned" | "revoking" | "classic"> {
  readonly assigned: SavedHoldings;
  readonly revoking: SavedHoldings;
  readonly classic: {
    readonly sessionTimeoutMs: number;
    readonly protocols: readonly { readonly name: string; readonly metadata: string }[];
  } | null;
  readonly target: readonly (readonly [string, readonly number[]])[];
}

function groupKey(groupId: string): string {
  return JSON.stringify([GROUP, groupId]);
}

function memberKey(groupId: string, memberId: string): string {
  return JSON.stringify([MEMBER, groupId, memberId]);
}

/** What must be written down to get from one state of a group to another; an absent state is that of no group. */
export function consumerGroupChanges(
  before: ConsumerGroup | undefined,
  after: ConsumerGroup | undefined,
  emptySinceMs: number,
): JournalEntry[] {
  const id = (after ?? before)?.id ?? "";
  const entries: JournalEntry[] = [];
  if (after === undefined) entries.push({ key: groupKey(id), value: null });
  else if (!sameHead(before, after)) {
    const { epoch, assignmentEpoch, topics } = after;
    const value: SavedGroup = { epoch, assignmentEpoch, topics: [...topics], emptySinceMs };
    entries.push({ key: groupKey(id), value });
  }
  for (const memberId of before?.members.keys() ?? []) {
    if (after?.members.has(memberId) !== true) entries.push({ key: memberKey(id, memberId), value: null });
  }
  for (const member of after?.members.values() ?? []) {
    const target = after === undefined ? new Map<string, readonly number[]>() : targetOf(after, member.id);
    const isSame =
      before?.members.get(member.id) === member && samePartitions(targetOf(before, member.id), target);
    if (!isSame) entries.push({ key: memberKey(id, member.id), value: savedMember(member, target) });
  }
  return entries;
}

function sameHead(before: ConsumerGroup | undefined, after: ConsumerGroup): boolean {
  return (
    before?.epoch === after.epoch &&
    before.assignmentEpoch === after.assignmentEpoch &&
    before.topics === after.topics
  );
}

function savedMember(member: ConsumerMember, target: PartitionMap): SavedMember {
  const holdings = (held: HeldPartitions): SavedHoldings => [...heldPartitionsOf(held)];
  const { classic } = member;
  return {
    ...member,
    assigned: holdings(member.assigned),
    revoking: holdings(member.revoking),
    classic:
      classic === null
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            protocols: classic.protocols.map(({ name, metadata }) => ({
              name,
              metadata: metadata.toString("base64"),
            })),
          },
    target: [...target],
  };
}

function restoredMember({ target: _target, classic, ...saved }: SavedMember): ConsumerMember {
  return {
    ...saved,
    assigned: heldPartitions(saved.assigned),
    revoking: heldPartitions(saved.revoking),
    classic:
      classic === null
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            protocols: classic.protocols.map(({ name, metadata }) => ({
              name,
              metadata: Buffer.from(metadata, "base64"),
            })),
          },
  };
}

export interface RestoredGroup {
  readonly group: ConsumerGroup;
  readonly emptySinceMs: number;
}

/** The groups that the journal's entries describe. */
export function restoredConsumerGroups(entries: Iterable<JournalEntry>): RestoredGroup[] {
  const heads = new Map<string, SavedGroup>();
  const members = new Map<string, SavedMember[]>();
  for (const { key, value } of entries) {
    const [kind, groupId] = JSON.parse(key) as [string, string];
    if (kind === GROUP) heads.set(groupId, value as SavedGroup);
    if (kind === MEMBER) members.set(groupId, [...(members.get(groupId) ?? []), value as SavedMember]);
  }
  return [...heads].map(([id, { epoch, assignmentEpoch, topics, emptySinceMs }]) => {
    const saved = members.get(id) ?? [];
    const group: ConsumerGroup = {
      ...consumerGroupOf(id, saved.map(restoredMember)),
      epoch,
      assignmentEpoch,
      topics: new Map(topics),
      targets: new Map(
        saved.flatMap(({ id: memberId, target }) =>
          target.length === 0 ? [] : [[memberId, new Map(target)] as const],
        ),
      ),
    };
    return { group, emptySinceMs };
  });
}
