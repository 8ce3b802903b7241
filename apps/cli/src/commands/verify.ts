import { existsSync } from "node:fs";
import { TOPICS } from "@candlewick/contracts";
import { createAdmin } from "@candlewick/kafka";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { VerifyCheck, VerifyOptions, VerifyReport } from "@candlewick/store";
import { Command, Option } from "commander";
import { output } from "../output.ts";
import {
  addStoreFlags,
  findSources,
  type SourceFlags,
  type Sources,
  withKafka,
  withStore,
} from "../sources.ts";
import { type Column, writeRows } from "../table.ts";
import { example } from "../usage.ts";

interface VerifyFlags extends SourceFlags {
  readonly repair?: true;
  readonly format: "table" | "json";
}

const COLUMNS: readonly Column<VerifyCheck>[] = [
  { name: "check", value: ({ name }) => name },
  { name: "compared", align: "right", value: ({ compared }) => compared },
  { name: "differences", align: "right", value: ({ differences }) => differences },
  { name: "in_flight", align: "right", value: ({ inFlight }) => inFlight },
  { name: "repaired", align: "right", value: ({ repaired }) => repaired },
];

/** `verify`: recomputes what is derived and compares it with what is stored. Exit code 1 where anything differs. */
export function verifyCommand(): Command {
  const command = addStoreFlags(
    new Command("verify")
      .option("--repair", "write anew what differs and can be made again from the trades")
      .option("--brokers <list>", "the Kafka cluster that the database is filled from: HOST:PORT,HOST:PORT")
      .addOption(
        new Option("--format <format>", "how the result is written")
          .choices(["table", "json"])
          .default("table"),
      ),
  ).action(verify);
  return example(command, "candlewick verify --data ./data", "candlewick verify --repair");
}

async function verify(flags: VerifyFlags): Promise<void> {
  const sources = findSources(flags);
  const report = await withProgress(sources, (progress) => {
    const options: VerifyOptions = {
      repair: flags.repair === true,
      ...(progress === null ? {} : { progress }),
    };
    return withStore(sources, (store) => store.verify(options));
  });
  await (flags.format === "json" ? output.line(JSON.stringify(report)) : writeReport(report));
  if (!report.ok) throw differs(report, flags.repair === true);
}

type Progress = NonNullable<VerifyOptions["progress"]>;

/** How far the topics reach that fill the database; null where they are not known, so that nothing counts as in flight. */
async function withProgress<Result>(
  sources: Sources,
  use: (progress: Progress | null) => Promise<Result>,
): Promise<Result> {
  const { config, databaseUrl, brokers, dataDir } = sources;
  if (brokers === null && (databaseUrl !== null || !existsSync(dataDir.broker))) return use(null);
  const { trades, blocks } = TOPICS[config.chain.name];
  return withKafka(sources, async ({ connection }) => {
    const admin = await createAdmin(connection);
    try {
      const known = await admin.listTopics();
      const topics = [trades, blocks].filter((topic) => known.includes(topic));
      return await use({ group: config.dataflow.group, endOffsets: () => admin.endOffsets(topics) });
    } finally {
      await admin.close();
    }
  });
}

async function writeReport(report: VerifyReport): Promise<void> {
  await writeRows(report.checks, COLUMNS, "table");
  for (const { name, differences, examples } of report.checks) {
    for (const line of examples) await output.line(`${name}: ${line}`);
    if (differences > examples.length)
      await output.line(`${name}: and ${differences - examples.length} more`);
  }
}

function differs(report: VerifyReport, repaired: boolean): CandlewickError {
  const count = report.checks.reduce((sum, { differences }) => sum + differences, 0);
  return new CandlewickError(
    ERRORS.badInput,
    `${count} ${count === 1 ? "thing differs" : "things differ"}, see above`,
    repaired
      ? "What is left cannot be made again from the trades: fetch the blocks again"
      : "Run it again with --repair to write it anew",
  );
}
