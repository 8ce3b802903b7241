import { EXIT } from "@candlewick/runtime";
import { Command, Option } from "commander";
import { defaultDataDir } from "../data-dir.ts";
import type { CheckResult } from "../doctor/check.ts";
import { checkDataDir, checkDisk, checkPort } from "../doctor/folder-checks.ts";
import {
  checkJava,
  checkMemory,
  checkNode,
  checkPlatform,
  checkPostgres,
} from "../doctor/platform-checks.ts";
import { type Column, FORMATS, type Format, writeRows } from "../table.ts";
import { example, parsePort } from "../usage.ts";

interface DoctorFlags {
  readonly data?: string;
  readonly port: number;
  readonly format: Format;
}

const COLUMNS: readonly Column<CheckResult>[] = [
  { name: "check", value: ({ name }) => name },
  { name: "status", value: ({ status }) => status },
  { name: "found", value: ({ found }) => found },
  { name: "advice", value: ({ advice }) => advice, text: ({ advice }) => advice ?? "" },
];

/** `doctor`: whether this machine can run Candlewick. Exit code 1 where something is missing. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .option("--data <dir>", "the data folder to check (default: the one that up would use)")
    .option("--port <n>", "the port of the web page", parsePort, 8080)
    .addOption(new Option("--format <format>", "how the result is written").choices(FORMATS).default("table"))
    .action(doctor);
  return example(command, "candlewick doctor", "candlewick doctor --data /srv/candlewick --port 9000");
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const dataDir = flags.data ?? defaultDataDir();
  const results = [
    checkNode(),
    checkPlatform(),
    checkMemory(),
    checkPostgres(),
    checkDataDir(dataDir),
    checkDisk(dataDir),
    await checkPort(flags.port, dataDir),
    await checkJava(),
  ];
  await writeRows(results, COLUMNS, flags.format);
  if (results.some(({ status }) => status === "fail")) process.exitCode = EXIT.usage;
}
