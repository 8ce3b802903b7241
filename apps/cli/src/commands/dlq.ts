import { type AuditEntry, type DeadLetterState, openRedrive } from "@candlewick/kafka";
import { Command, Option } from "commander";
import { addFilterFlags, type FilterFlags, filterOf, parseIds } from "../kafka/dead-letter-filter.ts";
import { letterJson, lettersTable, writeLetter } from "../kafka/dead-letter-report.ts";
import { type RedriveCommand, runRedrive, withRedrive } from "../kafka/redrive-run.ts";
import { SHOWN_CODECS, shownCodec } from "../kafka/topic-codec.ts";
import { withAdmin } from "../kafka/with-admin.ts";
import { note } from "../output.ts";
import { addKafkaFlags, findSources, type SourceFlags } from "../sources.ts";
import { type Column, FORMATS, type Format, writeJson, writeRows } from "../table.ts";
import { example, parseCount, usageError } from "../usage.ts";

/** `dlq`: dead letters, and what becomes of them. */
export function dlqCommand(): Command {
  const command = new Command("dlq");
  for (const child of [list(), show(), replay(), drop(), audit()]) command.addCommand(child);
  return example(command, "candlewick dlq ls", "candlewick dlq replay sol-trades --error timeout --dry-run");
}

type ListFlags = FilterFlags & { readonly limit: number; readonly format: Format };

function list(): Command {
  const command = addFilterFlags(
    addKafkaFlags(
      new Command("ls")
        .description("print the dead letters of a topic; without one, how many there are of each")
        .argument("[topic]", "the topic that they come from, without .dlq")
        .option("--limit <n>", "so many at most", parseCount, 100)
        .addOption(new Option("--format <format>", "how they are written").choices(FORMATS).default("table")),
    ),
  ).action(async (topic: string | undefined, flags: ListFlags) => {
    if (topic === undefined) return listTopics(flags);
    await withRedrive(topic, flags, async (redrive) => {
      const letters = await redrive.list(filterOf(flags), { limit: flags.limit });
      await writeRows(letters, lettersTable, flags.format);
      if (letters.length === 0) note(`candlewick: ${topic} has no such dead letters`);
    });
  });
  return example(command, "candlewick dlq ls", "candlewick dlq ls sol-trades --error JSON --format json");
}

type Counts = { readonly topic: string } & Readonly<Record<DeadLetterState, number>>;

const COUNTS: readonly Column<Counts>[] = [
  { name: "topic", value: ({ topic }) => topic },
  { name: "dead", align: "right", value: ({ dead }) => dead },
  { name: "replaying", align: "right", value: ({ replaying }) => replaying },
  { name: "replayed", align: "right", value: ({ replayed }) => replayed },
  { name: "dropped", align: "right", value: ({ dropped }) => dropped },
];

function listTopics(flags: ListFlags): Promise<void> {
  return withAdmin(flags, async (admin, connection) => {
    const topics = (await admin.listTopics()).filter((name) => name.endsWith(SUFFIX));
    const rows: Counts[] = [];
    for (const name of topics) {
      const topic = name.slice(0, -SUFFIX.length);
      const redrive = await openRedrive(connection, { topic, operator: "" });
      rows.push({ topic, ...(await redrive.counts().finally(() => redrive.close())) });
    }
    await writeRows(rows, COUNTS, flags.format);
    if (rows.length === 0) note("candlewick: there are no dead-letter topics");
  });
}

const SUFFIX = ".dlq";

interface ShowFlags extends SourceFlags {
  readonly codec?: (typeof SHOWN_CODECS)[number];
  readonly format: "text" | "json";
}

function show(): Command {
  const command = addKafkaFlags(
    new Command("show")
      .description("print dead letters whole: payload, error, attempts, origin and history")
      .argument("<topic>", "the topic that they come from, without .dlq")
      .argument("<ids...>", "places in the dead-letter topic, PARTITION:OFFSET, as ls prints them")
      .addOption(new Option("--codec <codec>", "how values are decoded").choices(SHOWN_CODECS))
      .addOption(
        new Option("--format <format>", "how it is written").choices(["text", "json"]).default("text"),
      ),
  ).action((topic: string, ids: string[], flags: ShowFlags) => {
    const wanted = parseIds(ids);
    const codec = shownCodec(findSources(flags).config, topic, flags.codec);
    return withRedrive(topic, flags, async (redrive) => {
      const values: unknown[] = [];
      for (const [index, id] of wanted.entries()) {
        const letter = await redrive.show(id);
        if (letter === null) throw usageError(`${topic}.dlq has no record at ${ids[index]}`, "dlq show");
        if (flags.format === "json") values.push(await letterJson(letter, codec));
        else await writeLetter(letter, codec);
      }
      if (flags.format === "json") await writeJson(values);
    });
  });
  return example(command, "candlewick dlq show sol-trades 0:17");
}

function replay(): Command {
  const command = changing("replay", "send dead letters again, each once, also when it is repeated")
    .addOption(
      new Option(
        "--to <place>",
        "origin: the topic, for all groups that read it; retry: the first retry topic, for the group that gave it up",
      )
        .choices(["origin", "retry"])
        .default("origin"),
    )
    .option("--rate <n>", "so many records per second at most", parseCount)
    .action((topic: string, ids: string[], flags: RedriveCommand) =>
      runRedrive(topic, ids, flags, "send again", (redrive, options) => redrive.replay(options)),
    );
  return example(
    command,
    "candlewick dlq replay sol-trades 0:17 --yes",
    "candlewick dlq replay sol-trades --rate 50",
  );
}

function drop(): Command {
  const command = changing("drop", "mark dead letters as not needed; their records stay where they are")
    .option("--reason <text>", "why, for the audit")
    .action((topic: string, ids: string[], flags: RedriveCommand) =>
      runRedrive(topic, ids, flags, "drop", (redrive, options) => redrive.drop(options)),
    );
  return example(command, 'candlewick dlq drop sol-trades --error "not JSON" --reason "test data" --yes');
}

function changing(name: string, description: string): Command {
  return addFilterFlags(
    addKafkaFlags(
      new Command(name)
        .description(description)
        .argument("<topic>", "the topic that they come from, without .dlq")
        .argument(
          "[ids...]",
          "places in the dead-letter topic, PARTITION:OFFSET; all that the filter lets through without any",
        )
        .option("--limit <n>", "so many at most", parseCount)
        .option("--dry-run", "only count them")
        .option("--yes", "do not ask")
        .addOption(
          new Option("--format <format>", "how the result is told").choices(["text", "json"]).default("text"),
        ),
    ),
  );
}

const AUDIT: readonly Column<AuditEntry>[] = [
  { name: "time", value: ({ atMs }) => new Date(atMs).toISOString() },
  { name: "what", value: ({ kind }) => kind },
  { name: "id", value: ({ id }) => `${id.partition}:${id.offset}` },
  { name: "operator", value: ({ operator }) => operator },
  { name: "run", value: ({ run }) => run },
  {
    name: "target",
    value: ({ target }) => (target === null ? null : `${target.topic}:${target.partition}@${target.offset}`),
  },
  { name: "reason", value: ({ reason }) => reason },
];

function audit(): Command {
  const command = addKafkaFlags(
    new Command("audit")
      .description("print who replayed or dropped what, and when")
      .argument("<topic>", "the topic that they come from, without .dlq")
      .addOption(new Option("--format <format>", "how it is written").choices(FORMATS).default("table")),
  ).action((topic: string, flags: SourceFlags & { format: Format }) =>
    withRedrive(topic, flags, async (redrive) => writeRows(await redrive.audit(), AUDIT, flags.format)),
  );
  return example(command, "candlewick dlq audit sol-trades");
}
