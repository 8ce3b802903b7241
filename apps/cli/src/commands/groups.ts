import type { GroupSummary } from "@candlewick/kafka";
import { Command, Option } from "commander";
import { confirm } from "../confirmation.ts";
import { groupJson, readGroup, writeGroup } from "../kafka/group-report.ts";
import { addResetFlags, type ResetFlags, resetGroup } from "../kafka/group-reset.ts";
import { type Outcome, type OutcomeFormat, outcomeFormat, writeOutcomes } from "../kafka/outcome-report.ts";
import { requireGroups, withAdmin } from "../kafka/with-admin.ts";
import { note } from "../output.ts";
import { addKafkaFlags, type SourceFlags } from "../sources.ts";
import { type Column, FORMATS, type Format, writeJson, writeRows } from "../table.ts";
import { example } from "../usage.ts";

/** `groups`: what kafka-consumer-groups does. */
export function groupsCommand(): Command {
  const command = new Command("groups");
  for (const child of [list(), describe(), reset(), remove()]) command.addCommand(child);
  return example(command, "candlewick groups list", "candlewick groups describe data-flow-default-group10");
}

const SUMMARY: readonly Column<GroupSummary>[] = [
  { name: "group", value: ({ groupId }) => groupId },
  { name: "state", value: ({ state }) => state },
  { name: "protocol", value: ({ type }) => type },
];

function list(): Command {
  const command = addKafkaFlags(
    new Command("list")
      .description("print the groups with their state")
      .addOption(new Option("--format <format>", "how groups are written").choices(FORMATS).default("table")),
  ).action((flags: SourceFlags & { format: Format }) =>
    withAdmin(flags, async (admin) => {
      const groups = await admin.listGroups();
      await writeRows(groups, SUMMARY, flags.format);
      if (groups.length === 0) note("candlewick: there are no groups");
    }),
  );
  return example(command, "candlewick groups list --format json");
}

interface DescribeFlags extends SourceFlags {
  readonly members?: true;
  readonly format: "table" | "json";
}

function describe(): Command {
  const command = addKafkaFlags(
    new Command("describe")
      .description("print how far groups are, how many records behind, and who reads what")
      .argument("[groups...]", "names of groups; all of them without one")
      .option("--members", "the members and their partitions in place of the offsets")
      .addOption(
        new Option("--format <format>", "how it is written").choices(["table", "json"]).default("table"),
      ),
  ).action((named: string[], flags: DescribeFlags) =>
    withAdmin(flags, async (admin) => {
      await requireGroups(admin, named);
      const groups = named.length > 0 ? named : (await admin.listGroups()).map(({ groupId }) => groupId);
      const reports = [];
      for (const group of groups) reports.push(await readGroup(admin, group));
      if (flags.format === "json") return writeJson(reports.map(groupJson));
      for (const report of reports) await writeGroup(report, flags.members === true);
      if (reports.length === 0) note("candlewick: there are no groups");
    }),
  );
  return example(command, "candlewick groups describe data-flow-default-group10 --members");
}

function reset(): Command {
  const command = addResetFlags(
    addKafkaFlags(
      new Command("reset")
        .description("move a group that has no members; only shows what it would do without --execute")
        .argument("<group>", "the group's name"),
    ),
  ).action((group: string, flags: ResetFlags) =>
    withAdmin(flags, (admin) => resetGroup(admin, group, flags)),
  );
  return example(
    command,
    "candlewick groups reset my-group --topic sol-trades --to-earliest",
    "candlewick groups reset my-group --all-topics --to-datetime 2026-01-31T12:00Z --execute --yes",
  );
}

function remove(): Command {
  const command = addKafkaFlags(
    new Command("delete")
      .description("delete groups with all that they have committed; asks before")
      .argument("<groups...>", "names of groups")
      .option("--yes", "do not ask")
      .addOption(outcomeFormat()),
  ).action((groups: string[], flags: SourceFlags & { yes?: true; format: OutcomeFormat }) =>
    withAdmin(flags, async (admin) => {
      await requireGroups(admin, groups);
      await confirm(`delete ${groups.join(", ")} with all that was committed`, flags);
      const deleted: Outcome[] = [];
      try {
        for (const group of groups) {
          await admin.deleteGroup(group);
          deleted.push({ name: group, outcome: "deleted" });
        }
      } finally {
        // Those before one that fails are gone.
        await writeOutcomes("group", deleted, flags.format);
      }
    }),
  );
  return example(command, "candlewick groups delete my-group --yes");
}
