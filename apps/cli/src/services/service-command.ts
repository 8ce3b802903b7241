import type { Service } from "@candlewick/runtime";
import { Command } from "commander";
import type { SourceFlags } from "../sources.ts";
import { example } from "../usage.ts";
import { runService, type ServiceContext } from "./run-service.ts";

/** A command that runs one service by itself. */
export function serviceCommand(name: string, start: (context: ServiceContext) => Promise<Service>): Command {
  const command = new Command(name)
    .option("--config <file>", "YAML file with the configuration")
    .option("--data <dir>", "the data folder, where no Kafka or PostgreSQL is configured")
    .option("--brokers <list>", "the Kafka cluster: HOST:PORT,HOST:PORT")
    .option("--database-url <url>", "the PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    .action(async (flags: SourceFlags) => {
      process.exitCode = await runService(name, flags, start);
    });
  return example(command, `candlewick ${name} --config candlewick.yaml`);
}
