import { readFileSync } from "node:fs";
import { Command } from "commander";
import { aggregateCommand } from "./commands/aggregate.ts";
import { configCommand } from "./commands/config.ts";
import { decodeCommand } from "./commands/decode.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { applyUsageRules, example } from "./usage.ts";

/** All commands of `candlewick`. */
export function buildProgram(): Command {
  const program = new Command("candlewick")
    .description("Market data that can be trusted from the swaps of decentralised exchanges.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help");
  program.addCommand(decodeCommand());
  program.addCommand(aggregateCommand());
  program.addCommand(doctorCommand());
  program.addCommand(configCommand());
  applyUsageRules(program);
  return example(program, "candlewick decode block.json.gz", "candlewick aggregate --help");
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
