import { configReference, printConfig } from "@candlewick/runtime";
import { Command } from "commander";
import { readConfig, SECTIONS } from "../configuration.ts";
import { output } from "../output.ts";
import { example } from "../usage.ts";

/** `config`: what the configuration is and can be. */
export function configCommand(): Command {
  const command = new Command("config");
  const print = command
    .command("print")
    .description("print the configuration that is in force, with defaults and environment, without secrets")
    .option("--config <file>", "YAML file with the configuration")
    .action(({ config }: { config?: string }) => output.write(printConfig(readConfig(config))));
  example(print, "candlewick config print --config candlewick.yaml");
  const reference = command
    .command("reference")
    .description("print the reference page of all keys, in Markdown")
    .action(() => output.write(configReference(SECTIONS)));
  example(reference, "candlewick config reference > docs/configuration.md");
  return example(command, "candlewick config print");
}
