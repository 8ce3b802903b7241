import { CandlewickError, ERRORS, EXIT, suggest } from "@candlewick/runtime/process";
import { type Command, CommanderError, InvalidArgumentError } from "commander";

/** A mistake in how a command was called; `command` is the one whose help says more. */
export function usageError(what: string, command: string): CandlewickError {
  return new CandlewickError(ERRORS.usage, what, `See "candlewick ${command} --help"`);
}

/**
 * Runs the command that the arguments name. Resolves with the exit code, which a command sets as
 * `process.exitCode` where it is not 0; a wrong flag or command is a CandlewickError.
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are printed by then.
    if (error.exitCode === 0) return EXIT.ok;
    // So it is where a command is called without the one of its own that it needs: it was printed in place of an error.
    if (error.code === "commander.help") return EXIT.usage;
    throw usageErrorOf(error, program, args);
  }
}

function usageErrorOf(error: CommanderError, program: Command, args: readonly string[]): CandlewickError {
  const named = program.commands.find((candidate) => candidate.name() === args[0]);
  const child = named?.commands.find((candidate) => candidate.name() === args[1]);
  const command = child ?? named;
  const path = [named, child].flatMap((one) => (one === undefined ? [] : `${one.name()} `)).join("");
  const help = `see "candlewick ${path}--help"`;
  const misspelt =
    error.code === "commander.missingMandatoryOptionValue" ? unknownFlag(command, args) : undefined;
  const [what = "", hint] = misspelt ?? error.message.replace(/^error: /, "").split("\n");
  const meant = /^\(Did you mean (one of )?(.+)\?\)$/.exec(hint ?? "")?.[2];
  const advice = meant === undefined ? `S${help.slice(1)}` : `Did you mean ${meant}? Else ${help}`;
  return new CandlewickError(ERRORS.usage, what.replaceAll("'", '"').replace(/\.$/, ""), advice, {
    cause: error,
  });
}

/** A required flag that is missing was most likely written, but wrong: the wrong one is what to tell. */
function unknownFlag(command: Command | undefined, args: readonly string[]): [string, string] | undefined {
  const known = command?.options.flatMap(({ long }) => long ?? []) ?? [];
  const flag = args.find(
    (arg) => arg.startsWith("--") && arg.length > 2 && !known.includes(arg.split("=")[0] ?? ""),
  );
  if (flag === undefined) return undefined;
  const meant = suggest(flag, known);
  return [`unknown option "${flag}"`, meant === undefined ? "" : `(Did you mean ${meant}?)`];
}

/** Settings that all commands share: errors are thrown, not printed, so that there is one place that prints. */
export function applyUsageRules(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  for (const child of command.commands) applyUsageRules(child);
}

/** An example below a command's help. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}

/** Reads a flag that is a port. */
export function parsePort(text: string): number {
  return parseWholeNumber(text, 65_535);
}

/** Reads a flag that is a whole number from 0 to `max`. */
export function parseWholeNumber(text: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new InvalidArgumentError(`It is not a whole number from 0 to ${max}.`);
}

/** Reads a flag that is a count of things, at least one. */
export function parseCount(text: string): number {
  const count = parseWholeNumber(text);
  if (count > 0) return count;
  throw new InvalidArgumentError("It must be at least 1.");
}
