import { type Admin, type PartitionDetail, partitionName, type TopicSetting } from "@candlewick/kafka";
import { output } from "../output.ts";
import { type Column, writeRows } from "../table.ts";

/** One partition with the ends of its log. */
interface PartitionReport extends PartitionDetail {
  readonly first: bigint;
  /** The offset that the next record gets. */
  readonly end: bigint;
}

/** What is told of a topic. */
export interface TopicReport {
  readonly name: string;
  readonly partitions: readonly PartitionReport[];
  /** Offsets between first and end: compaction and transactions leave fewer records. */
  readonly records: bigint;
  /** Partitions that have no leader, or fewer replicas in sync than they have. */
  readonly outOfSync: number;
}

/** Reads partitions and offsets of topics that exist. */
export async function readTopics(admin: Admin, names: readonly string[]): Promise<TopicReport[]> {
  const details = await admin.topicDetails(names);
  const firsts = await admin.startOffsets(names);
  const ends = await admin.endOffsets(names);
  return details.map(({ name, partitions }) => {
    const reports = partitions.map((detail) => {
      const key = partitionName({ topic: name, partition: detail.partition });
      return { ...detail, first: firsts.get(key) ?? 0n, end: ends.get(key) ?? 0n };
    });
    return {
      name,
      partitions: reports,
      records: reports.reduce((sum, { first, end }) => sum + end - first, 0n),
      outOfSync: reports.filter(isOutOfSync).length,
    };
  });
}

function isOutOfSync({ leader, replicas, inSync }: PartitionDetail): boolean {
  return leader === null || inSync.length < replicas.length;
}

/** Settings of topics: those that are their own, or all. */
export async function settingsOf(
  admin: Admin,
  topics: readonly string[],
  all: boolean,
): Promise<ReadonlyMap<string, readonly TopicSetting[]>> {
  const settings = await admin.topicSettings(topics);
  if (all) return settings;
  return new Map(
    [...settings].map(([topic, own]) => [topic, own.filter(({ origin }) => origin === "topic")]),
  );
}

const PARTITIONS: readonly Column<PartitionReport>[] = [
  { name: "partition", align: "right", value: ({ partition }) => partition },
  {
    name: "leader",
    align: "right",
    value: ({ leader }) => leader,
    text: ({ leader }) => String(leader ?? "none"),
  },
  { name: "replicas", value: ({ replicas }) => replicas.join(",") },
  { name: "in_sync", value: ({ inSync }) => inSync.join(",") },
  { name: "first", align: "right", value: ({ first }) => String(first) },
  { name: "end", align: "right", value: ({ end }) => String(end) },
  { name: "records", align: "right", value: ({ first, end }) => String(end - first) },
];

/** Prints one topic for a person. */
export async function writeTopic(report: TopicReport, settings: readonly TopicSetting[]): Promise<void> {
  const { name, partitions, records, outOfSync } = report;
  const health = outOfSync === 0 ? "all in sync" : `${outOfSync} not in sync`;
  await output.line(`${name}: ${partitions.length} partitions, ${records} records, ${health}`);
  for (const { name: setting, value, origin } of settings) {
    await output.line(`  ${setting} = ${value ?? "(hidden)"}${origin === "topic" ? "" : `  (${origin})`}`);
  }
  await writeRows(partitions, PARTITIONS, "table");
  await output.line("");
}

/** The same for programs. */
export function topicJson(report: TopicReport, settings: readonly TopicSetting[]): unknown {
  return {
    topic: report.name,
    records: Number(report.records),
    out_of_sync: report.outOfSync,
    settings: Object.fromEntries(settings.map(({ name, value }) => [name, value])),
    partitions: report.partitions.map(({ partition, leader, replicas, inSync, first, end }) => ({
      partition,
      leader,
      replicas,
      in_sync: inSync,
      first: Number(first),
      end: Number(end),
    })),
  };
}
