import {
  type Admin,
  type GroupDetail,
  type GroupMemberDetail,
  parsePartitionName,
  partitionName,
  type TopicPartition,
} from "@candlewick/kafka";
import { output } from "../output.ts";
import { type Column, writeRows } from "../table.ts";

/** How far a group is in one partition. */
interface GroupPartition extends TopicPartition {
  /** The next offset; null where nothing is committed. */
  readonly committed: bigint | null;
  /** Null where the topic is gone. */
  readonly end: bigint | null;
  /** Records that are not done yet; null where it cannot be told. */
  readonly lag: bigint | null;
  readonly member: GroupMemberDetail | null;
}

/** What is told of a group. */
export interface GroupReport {
  readonly group: GroupDetail;
  readonly partitions: readonly GroupPartition[];
  readonly lag: bigint;
}

/** Reads a group's members, offsets and lag. */
export async function readGroup(admin: Admin, groupId: string): Promise<GroupReport> {
  const group = await admin.describeGroup(groupId);
  const committed = await admin.committedOffsets(groupId);
  const owners = new Map(
    group.members.flatMap((member) =>
      member.assignment.map((partition): [string, GroupMemberDetail] => [partitionName(partition), member]),
    ),
  );
  const names = [...new Set([...committed.keys(), ...owners.keys()])];
  const ends = await endsOf(admin, names);
  const partitions = names.map(parsePartitionName).map((partition) => {
    const name = partitionName(partition);
    const done = committed.get(name) ?? null;
    const end = ends.get(name) ?? null;
    const lag = done === null || end === null ? null : end - done;
    return { ...partition, committed: done, end, lag, member: owners.get(name) ?? null };
  });
  partitions.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  return { group, partitions, lag: partitions.reduce((sum, { lag }) => sum + (lag ?? 0n), 0n) };
}

/** Ends of the topics that still exist. */
async function endsOf(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const known = new Set(await admin.listTopics({ withInternal: true }));
  const topics = new Set(names.map((name) => parsePartitionName(name).topic));
  return admin.endOffsets([...topics].filter((topic) => known.has(topic)));
}

const numberText = (value: bigint | null): string | null => (value === null ? null : String(value));

const PARTITIONS: readonly Column<GroupPartition>[] = [
  { name: "topic", value: ({ topic }) => topic },
  { name: "partition", align: "right", value: ({ partition }) => partition },
  { name: "committed", align: "right", value: ({ committed }) => numberText(committed) },
  { name: "end", align: "right", value: ({ end }) => numberText(end) },
  { name: "lag", align: "right", value: ({ lag }) => numberText(lag) },
  { name: "client", value: ({ member }) => member?.clientId ?? null },
  { name: "host", value: ({ member }) => member?.host ?? null },
  { name: "member", value: ({ member }) => member?.instanceId ?? member?.memberId ?? null },
];

const MEMBERS: readonly Column<GroupMemberDetail>[] = [
  { name: "member", value: ({ memberId }) => memberId },
  { name: "instance", value: ({ instanceId }) => instanceId },
  { name: "client", value: ({ clientId }) => clientId },
  { name: "host", value: ({ host }) => host },
  { name: "partitions", value: ({ assignment }) => assignment.map(partitionName).join(" ") },
  {
    name: "moving_to",
    value: ({ target }) => (target === null ? null : target.map(partitionName).join(" ")),
  },
];

/** Prints a group for a person: where it is, and on request who its members are. */
export async function writeGroup(report: GroupReport, withMembers: boolean): Promise<void> {
  const { group, partitions, lag } = report;
  const assignor = group.assignor === "" ? "" : `, assignor ${group.assignor}`;
  const members = group.members.length === 1 ? "1 member" : `${group.members.length} members`;
  await output.line(
    `${group.groupId}: ${group.state}, ${members}, ${lag} records behind ` +
      `(${group.type} protocol${assignor}, coordinator ${group.coordinator ?? "unknown"})`,
  );
  if (withMembers) await writeRows(group.members, MEMBERS, "table");
  else await writeRows(partitions, PARTITIONS, "table");
  await output.line("");
}

/** The same for programs. */
export function groupJson({ group, partitions, lag }: GroupReport): unknown {
  return {
    group: group.groupId,
    type: group.type,
    state: group.state,
    coordinator: group.coordinator,
    assignor: group.assignor,
    lag: Number(lag),
    members: group.members.map(({ memberId, instanceId, clientId, host, assignment, target }) => ({
      member: memberId,
      instance: instanceId,
      client: clientId,
      host,
      partitions: assignment.map(partitionName),
      moving_to: target?.map(partitionName) ?? null,
    })),
    partitions: partitions.map(({ topic, partition, committed, end, lag: behind, member }) => ({
      topic,
      partition,
      committed: committed === null ? null : Number(committed),
      end: end === null ? null : Number(end),
      lag: behind === null ? null : Number(behind),
      member: member?.memberId ?? null,
    })),
  };
}
