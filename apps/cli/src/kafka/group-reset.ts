import {
  type Admin,
  type PlannedReset,
  parsePartitionName,
  partitionName,
  planReset,
  type ResetTarget,
  type TopicPartition,
} from "@candlewick/kafka";
import { type Command, InvalidArgumentError, Option } from "commander";
import { confirm } from "../confirmation.ts";
import { collect } from "../key-value-flag.ts";
import { note } from "../output.ts";
import type { SourceFlags } from "../sources.ts";
import { type Column, FORMATS, type Format, writeRows } from "../table.ts";
import { parseTime } from "../time-flag.ts";
import { usageError } from "../usage.ts";
import { requireTopics } from "./with-admin.ts";

export interface ResetFlags extends SourceFlags {
  readonly topic?: readonly string[];
  readonly allTopics?: true;
  readonly toEarliest?: true;
  readonly toLatest?: true;
  readonly toCurrent?: true;
  readonly toOffset?: bigint;
  readonly shiftBy?: bigint;
  readonly toDatetime?: number;
  readonly byDuration?: number;
  readonly execute?: true;
  readonly yes?: true;
  readonly format: Format;
}

/** The flags of kafka-consumer-groups --reset-offsets, by the same names. */
export function addResetFlags(command: Command): Command {
  return command
    .option("--topic <topic[:n,n]>", "a topic, or some of its partitions; may be repeated", collect)
    .option("--all-topics", "every topic that the group has committed offsets of")
    .option("--to-earliest", "to the first records that there are")
    .option("--to-latest", "to the ends")
    .option("--to-current", "to where it is, and to the end where it has committed nothing")
    .option("--to-offset <n>", "to this offset", parseOffset)
    .option("--shift-by <n>", "so many records on, or back where it is negative", parseOffset)
    .option("--to-datetime <time>", "to the first record of this time, such as 2026-01-31T12:00Z", parseTime)
    .option("--by-duration <duration>", "back by so much time, such as 30m, 12h, 7d or P1DT2H", parseDuration)
    .option("--execute", "do it; without this it is only shown")
    .option("--yes", "do not ask")
    .addOption(new Option("--format <format>", "how the plan is written").choices(FORMATS).default("table"));
}

const COLUMNS: readonly Column<PlannedReset>[] = [
  { name: "topic", value: ({ topic }) => topic },
  { name: "partition", align: "right", value: ({ partition }) => partition },
  { name: "before", align: "right", value: ({ before }) => (before === null ? null : Number(before)) },
  { name: "after", align: "right", value: ({ after }) => Number(after) },
  { name: "wanted", align: "right", value: ({ wanted }) => (wanted === null ? null : Number(wanted)) },
];

/** Plans a reset, shows it, and does it where it was asked for. */
export async function resetGroup(admin: Admin, group: string, flags: ResetFlags): Promise<void> {
  const target = targetOf(flags);
  const committed = await admin.committedOffsets(group);
  const partitions = await partitionsOf(admin, flags, committed);
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const plan = planReset(partitions, target, {
    committed,
    first: await admin.startOffsets(topics),
    end: await admin.endOffsets(topics),
    atTime: target.kind === "time" ? await admin.offsetsAt(topics, target.timestampMs) : new Map(),
  });
  await writeRows(plan, COLUMNS, flags.format);
  const groups = await admin.listGroups();
  if (groups.every(({ groupId }) => groupId !== group)) {
    note(`candlewick: there is no group ${group} yet; this makes one`);
  }
  if (flags.execute !== true) {
    note("candlewick: nothing was changed; add --execute to do it");
    return;
  }
  await confirm(`move ${group} in ${plan.length} partitions`, flags);
  await admin.setGroupOffsets(group, new Map(plan.map((one) => [partitionName(one), one.after])));
}

function targetOf(flags: ResetFlags): ResetTarget {
  const { toOffset, shiftBy, toDatetime, byDuration } = flags;
  const targets: ResetTarget[] = [];
  if (flags.toEarliest === true) targets.push({ kind: "earliest" });
  if (flags.toLatest === true) targets.push({ kind: "latest" });
  if (flags.toCurrent === true) targets.push({ kind: "current" });
  if (toOffset !== undefined) targets.push({ kind: "offset", offset: toOffset });
  if (shiftBy !== undefined) targets.push({ kind: "shift", by: shiftBy });
  if (toDatetime !== undefined) targets.push({ kind: "time", timestampMs: toDatetime });
  if (byDuration !== undefined) targets.push({ kind: "time", timestampMs: Date.now() - byDuration });
  const [target, second] = targets;
  if (target !== undefined && second === undefined) return target;
  const problem = target === undefined ? "no target was named" : "more than one target was named";
  throw usageError(`${problem}: one of --to-earliest, --to-latest, --to-offset ...`, "groups reset");
}

async function partitionsOf(
  admin: Admin,
  { topic: named = [], allTopics }: ResetFlags,
  committed: ReadonlyMap<string, bigint>,
): Promise<TopicPartition[]> {
  if (allTopics === true) {
    if (named.length > 0) throw usageError("--topic and --all-topics exclude each other", "groups reset");
    const known = new Set(await admin.listTopics({ withInternal: true }));
    return [...committed.keys()].map(parsePartitionName).filter(({ topic }) => known.has(topic));
  }
  if (named.length === 0) throw usageError("no topic was named: --topic or --all-topics", "groups reset");
  const wanted = named.map(parseTopic);
  await requireTopics(
    admin,
    wanted.map(({ topic }) => topic),
  );
  const details = await admin.describeTopics(wanted.map(({ topic }) => topic));
  return wanted.flatMap(({ topic, numbers }) => {
    const count = details.find(({ name }) => name === topic)?.partitions ?? 0;
    const chosen = numbers ?? Array.from({ length: count }, (_, partition) => partition);
    const beyond = chosen.find((partition) => partition >= count);
    if (beyond !== undefined) {
      throw usageError(
        `${topic} has no partition ${beyond}; it has ${count}, counted from 0`,
        "groups reset",
      );
    }
    return chosen.map((partition) => ({ topic, partition }));
  });
}

function parseTopic(text: string): { topic: string; numbers: number[] | null } {
  const match = /^([^:]+)(?::(\d+(?:,\d+)*))?$/.exec(text);
  const topic = match?.[1];
  if (topic === undefined) throw usageError(`"${text}" is not TOPIC or TOPIC:0,1`, "groups reset");
  return { topic, numbers: match?.[2]?.split(",").map(Number) ?? null };
}

function parseOffset(text: string): bigint {
  if (/^-?\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("Write a whole number.");
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A count and a unit, or ISO 8601 as Kafka's own tool takes it. Returns milliseconds. */
export function parseDuration(text: string): number {
  const short = /^(\d{1,9})([smhd])$/.exec(text);
  if (short !== null) return Number(short[1]) * (UNIT_MS[short[2] ?? ""] ?? 0);
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (iso ?? [])
    .slice(1)
    .map((part) => Number(part ?? 0));
  const durationMs = ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1_000;
  if (iso === null || durationMs === 0) throw new InvalidArgumentError("Write 30m, 12h, 7d or P1DT2H.");
  return durationMs;
}
