import { Command } from "commander";
import { COMMANDS, type ListedCommand } from "./command-list.ts";
import { applyUsageRules, example } from "./usage.ts";
import { version } from "./version.ts";

/** `candlewick`: the command that the arguments name is loaded, the others are as the help needs them. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("candlewick")
    .description("Market data that can be trusted from the swaps of decentralised exchanges.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .configureHelp({ subcommandTerm });
  // The first word that is no flag: "up" itself, and what "help up" is about.
  const word = args.find((arg) => arg !== "help" && !arg.startsWith("-"));
  const named = COMMANDS.find(({ name }) => name === word);
  for (const listed of COMMANDS) {
    program.addCommand(listed === named ? (await listed.load()).description(listed.about) : stub(listed));
  }
  applyUsageRules(program);
  return example(program, "candlewick up", "candlewick decode block.json.gz");
}

function stub({ name, takes, about }: ListedCommand): Command {
  const command = new Command(name).description(about);
  return takes === undefined ? command : command.arguments(takes);
}

/** All commands have options: it goes without saying. */
function subcommandTerm(command: Command): string {
  const shown = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? ` <${name}>` : ` [${name}]`;
  });
  return `${command.name()}${shown.join("")}`;
}
