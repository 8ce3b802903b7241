import { startBackfill } from "@candlewick/ingest";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { Command } from "commander";
import { note } from "../output.ts";
import { runService } from "../services/run-service.ts";
import type { SourceFlags } from "../sources.ts";
import { example, parseWholeNumber } from "../usage.ts";

interface BackfillFlags extends SourceFlags {
  readonly from: number;
  readonly to: number;
}

/** `backfill`: settles what is not settled of a range of slots, beside a running ingest. */
export function backfillCommand(): Command {
  const command = new Command("backfill")
    .requiredOption("--from <slot>", "the first slot", (text) => parseWholeNumber(text))
    .requiredOption("--to <slot>", "the last slot", (text) => parseWholeNumber(text))
    .option("--config <file>", "YAML file with the configuration")
    .option("--data <dir>", "the data folder, where no Kafka or PostgreSQL is configured")
    .option("--brokers <list>", "the Kafka cluster: HOST:PORT,HOST:PORT")
    .option("--database-url <url>", "the PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    .action(backfill);
  return example(
    command,
    "candlewick backfill --from 332254800 --to 332254900 --config candlewick.yaml",
    "candlewick ledger",
  );
}

async function backfill({ from, to, ...flags }: BackfillFlags): Promise<void> {
  if (from > to) {
    throw new CandlewickError(
      ERRORS.usage,
      `--from ${from} is after --to ${to}`,
      "Give the lower slot as --from",
    );
  }
  let last = { noted: 0, settled: 0, left: 0 };
  process.exitCode = await runService("backfill", flags, ({ config, ...deps }) =>
    startBackfill(config.ingest, { from, to }, { ...deps, onProgress: (progress) => (last = progress) }),
  );
  note(`${last.noted} slots were new to the ledger, ${last.settled} were settled, ${last.left} are left`);
}
