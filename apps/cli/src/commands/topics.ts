import { TOPICS, topicSpecs } from "@candlewick/contracts";
import { retryTopicSpecs } from "@candlewick/kafka";
import { Command, Option } from "commander";
import { confirm } from "../confirmation.ts";
import { type OutcomeFormat, outcomeFormat, writeOutcomes } from "../kafka/outcome-report.ts";
import { readTopics, settingsOf, type TopicReport, topicJson, writeTopic } from "../kafka/topic-report.ts";
import { requireTopics, withAdmin } from "../kafka/with-admin.ts";
import { collect, collectPairs } from "../key-value-flag.ts";
import { note } from "../output.ts";
import { addKafkaFlags, findSources, type SourceFlags } from "../sources.ts";
import { type Column, FORMATS, type Format, writeJson, writeRows } from "../table.ts";
import { example, parseCount, usageError } from "../usage.ts";

/** `topics`: what kafka-topics and kafka-configs do for topics. */
export function topicsCommand(): Command {
  const command = new Command("topics");
  for (const child of [list(), describe(), create(), configure(), remove()]) command.addCommand(child);
  return example(command, "candlewick topics list", "candlewick topics describe sol-trades");
}

const SUMMARY: readonly Column<TopicReport>[] = [
  { name: "topic", value: ({ name }) => name },
  { name: "partitions", align: "right", value: ({ partitions }) => partitions.length },
  { name: "replicas", align: "right", value: ({ partitions }) => partitions[0]?.replicas.length ?? 0 },
  { name: "records", align: "right", value: ({ records }) => Number(records) },
  { name: "out_of_sync", align: "right", value: ({ outOfSync }) => outOfSync },
];

function list(): Command {
  const command = addKafkaFlags(
    new Command("list")
      .description("print the topics with their partitions and how many records they hold")
      .option("--internal", "Kafka's own topics too")
      .addOption(new Option("--format <format>", "how topics are written").choices(FORMATS).default("table")),
  ).action((flags: SourceFlags & { internal?: true; format: Format }) =>
    withAdmin(flags, async (admin) => {
      const names = await admin.listTopics({ withInternal: flags.internal === true });
      await writeRows(await readTopics(admin, names), SUMMARY, flags.format);
      if (names.length === 0) note("candlewick: there are no topics");
    }),
  );
  return example(command, "candlewick topics list --brokers 127.0.0.1:9092");
}

function describe(): Command {
  const command = addKafkaFlags(
    new Command("describe")
      .description("print partitions, leaders, replicas, offsets and settings of topics")
      .argument("<topics...>", "names of topics")
      .option("--all-settings", "also the settings that are the broker's defaults")
      .addOption(
        new Option("--format <format>", "how it is written").choices(["table", "json"]).default("table"),
      ),
  ).action((topics: string[], flags: SourceFlags & { allSettings?: true; format: "table" | "json" }) =>
    withAdmin(flags, async (admin) => {
      await requireTopics(admin, topics);
      const reports = await readTopics(admin, topics);
      const settings = await settingsOf(admin, topics, flags.allSettings === true);
      if (flags.format === "json") {
        return writeJson(reports.map((report) => topicJson(report, settings.get(report.name) ?? [])));
      }
      for (const report of reports) await writeTopic(report, settings.get(report.name) ?? []);
    }),
  );
  return example(command, "candlewick topics describe sol-trades sol-blocks");
}

interface CreateFlags extends SourceFlags {
  readonly partitions?: number;
  readonly replicas?: number;
  readonly set?: Readonly<Record<string, string>>;
  readonly dryRun?: true;
  readonly retries?: number;
  readonly format: OutcomeFormat;
}

function create(): Command {
  const command = addKafkaFlags(
    new Command("create")
      .description("create topics that are missing; without a name those that Candlewick needs")
      .argument("[topics...]", "names of topics")
      .option(
        "--partitions <n>",
        "partitions of each (default: kafka.partitions of the configuration)",
        parseCount,
      )
      .option("--replicas <n>", "copies of each partition (default: the broker's)", parseCount)
      .option(
        "--set <name=value>",
        "a setting, such as retention.ms=604800000; may be repeated",
        collectPairs,
      )
      .option("--retries <n>", "also the topics for n retries and for dead letters of each", parseCount)
      .option("--dry-run", "only ask the broker whether it would")
      .addOption(outcomeFormat()),
  ).action(createTopics);
  return example(
    command,
    "candlewick topics create",
    "candlewick topics create clicks --partitions 12 --set cleanup.policy=compact",
  );
}

async function createTopics(names: string[], flags: CreateFlags): Promise<void> {
  const { config } = findSources(flags);
  const partitions = flags.partitions ?? config.kafka.partitions;
  const named = names.map((name) => ({ name, partitions, config: flags.set ?? {} }));
  const specs = names.length === 0 ? topicSpecs(config.chain.name, partitions) : named;
  const levels = flags.retries;
  const sources = names.length === 0 ? sourceTopics(config.chain.name) : names;
  const followUps =
    levels === undefined ? [] : sources.flatMap((name) => retryTopicSpecs(name, partitions, levels));
  const all = [...specs, ...followUps.filter(({ name }) => specs.every((spec) => spec.name !== name))];
  await withAdmin(flags, async (admin) => {
    const dryRun = flags.dryRun === true;
    const { created, existing } = await admin.createTopics(all, {
      dryRun,
      ...(flags.replicas === undefined ? {} : { replicationFactor: flags.replicas }),
    });
    const outcomes = [
      ...created.map((name) => ({ name, outcome: dryRun ? "would create" : "created" })),
      ...existing.map((name) => ({ name, outcome: "exists" })),
    ];
    await writeOutcomes("topic", outcomes, flags.format);
  });
}

function sourceTopics(chain: "solana" | "ethereum"): string[] {
  const { trades, blocks } = TOPICS[chain];
  return [trades, blocks];
}

interface ConfigureFlags extends SourceFlags {
  readonly set?: Readonly<Record<string, string>>;
  readonly reset?: readonly string[];
  readonly partitions?: number;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly format: OutcomeFormat;
}

function configure(): Command {
  const command = addKafkaFlags(
    new Command("configure")
      .description("change settings of a topic, or give it more partitions")
      .argument("<topic>", "the topic's name")
      .option("--set <name=value>", "a new value; may be repeated", collectPairs)
      .option("--reset <name>", "a setting that goes back to the broker's; may be repeated", collect)
      .option("--partitions <n>", "so many partitions in all, never fewer than now", parseCount)
      .option("--dry-run", "only ask the broker whether it would")
      .option("--yes", "do not ask")
      .addOption(outcomeFormat()),
  ).action(configureTopic);
  return example(command, "candlewick topics configure sol-trades --set retention.ms=86400000");
}

async function configureTopic(topic: string, flags: ConfigureFlags): Promise<void> {
  const { set = {}, reset = [], partitions } = flags;
  const changes = Object.keys(set).length + reset.length;
  if (changes === 0 && partitions === undefined) {
    throw usageError("nothing to change was named: --set, --reset or --partitions", "topics configure");
  }
  const dryRun = flags.dryRun === true;
  await withAdmin(flags, async (admin) => {
    await requireTopics(admin, [topic]);
    if (partitions !== undefined && !dryRun) {
      await confirm(`give ${topic} ${partitions} partitions, which moves keys to others for good`, flags);
    }
    if (changes > 0) await admin.changeTopic(topic, { set, reset }, { dryRun });
    if (partitions !== undefined) await admin.growTopic(topic, partitions, { dryRun });
    const outcome = dryRun ? "would change" : "changed";
    await writeOutcomes("topic", [{ name: topic, outcome }], flags.format);
  });
}

function remove(): Command {
  const command = addKafkaFlags(
    new Command("delete")
      .description("delete topics with all their records; asks before")
      .argument("<topics...>", "names of topics")
      .option("--yes", "do not ask")
      .addOption(outcomeFormat()),
  ).action((topics: string[], flags: SourceFlags & { yes?: true; format: OutcomeFormat }) =>
    withAdmin(flags, async (admin) => {
      await requireTopics(admin, topics);
      await confirm(`delete ${topics.join(", ")} with all records`, flags);
      await admin.deleteTopics(topics);
      const outcomes = topics.map((name) => ({ name, outcome: "deleted" }));
      await writeOutcomes("topic", outcomes, flags.format);
    }),
  );
  return example(command, "candlewick topics delete clicks --yes");
}
